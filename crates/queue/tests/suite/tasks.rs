use queue::Tasks;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn tasks_that_heed_the_token_are_waited_for() {
    let tasks = Tasks::new();
    let (told, done) = tokio::sync::oneshot::channel();
    let token = tasks.token();
    tasks.spawn("heeds", async move {
        token.cancelled().await;
        tokio::task::yield_now().await;
        told.send(()).unwrap();
    });
    assert_eq!(tasks.running(), ["heeds"]);
    assert!(tasks.shutdown(LONG).await.is_empty());
    assert!(tasks.running().is_empty());
    done.await.expect("the task came to its end");
}

#[tokio::test]
async fn tasks_that_do_not_end_in_time_are_named_and_dropped() {
    let tasks = Tasks::new();
    let (alive, dropped) = tokio::sync::oneshot::channel::<()>();
    tasks.spawn("stubborn", async move {
        std::future::pending::<()>().await;
        drop(alive);
    });
    tasks.spawn("quick", async {});
    tokio::task::yield_now().await;
    assert_eq!(tasks.leaked(), 0, "nobody told it to end");
    let ending = tasks.clone();
    let (left, leaked) = tokio::join!(ending.shutdown(Duration::from_millis(200)), async {
        tasks.token().cancelled().await;
        tasks.leaked()
    });
    assert_eq!((left.as_slice(), leaked), (&["stubborn"][..], 1));
    assert!(dropped.await.is_err(), "the task was dropped");
}

#[tokio::test]
async fn a_panic_ends_its_own_task_only() {
    let tasks = Tasks::new();
    let token = tasks.token();
    tasks.spawn("sound", async move { token.cancelled().await });
    tasks.spawn("panics", async { panic!("on purpose") });
    while tasks.running().len() > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tasks.running(), ["sound"]);
    assert!(tasks.shutdown(LONG).await.is_empty());
}
