//! Thirteen leaks of different kinds. The line above each `line!()` is the one that must be named.

use crate::{Shape, Work, shape};
use headroom::StoreRegistry;
use std::collections::HashMap;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Sleep;
use tracing::subscriber::DefaultGuard;

const fn leak(name: &'static str, function: &'static str, begin: fn(&StoreRegistry) -> Work) -> Shape {
    Shape { function: Some(function), ..shape(name, begin) }
}

pub(crate) fn all() -> Vec<Shape> {
    vec![
        leak("vec", "push_row", |_| {
            let mut rows = Vec::new();
            Box::new(move |_| push_row(&mut rows))
        }),
        leak("map", "remember_number", |_| {
            let mut numbers = HashMap::new();
            Box::new(move |moment| remember_number(&mut numbers, moment.request))
        }),
        leak("arc-cycle", "link_to_itself", |_| Box::new(|_| link_to_itself())),
        leak("channel", "send_to_nobody", |_| {
            let (sender, receiver) = unbounded_channel();
            Box::new(move |_| send_to_nobody(&sender, &receiver))
        }),
        leak("spawned-task", "spawn_forever", |_| {
            let runtime = runtime();
            Box::new(move |_| runtime.as_ref().map_or(0, spawn_forever))
        }),
        leak("cache-without-cap", "keep_answer", |_| {
            let mut answers = HashMap::new();
            Box::new(move |moment| keep_answer(&mut answers, moment.request))
        }),
        leak("mem-forget", "forget_buffer", |_| Box::new(|_| forget_buffer())),
        leak("c-malloc", "allocate_in_c", |_| Box::new(|_| allocate_in_c())),
        leak("timer", "set_timer", |_| {
            let (runtime, mut timers) = (runtime(), Vec::new());
            Box::new(move |_| runtime.as_ref().map_or(0, |runtime| set_timer(runtime, &mut timers)))
        }),
        leak("tracing-span", "enter_for_good", |_| {
            let guard = subscriber();
            Box::new(move |moment| enter_for_good(&guard, moment.request))
        }),
        leak("per-tenant", "note_for_tenant", |_| {
            let mut tenants = HashMap::new();
            Box::new(move |moment| note_for_tenant(&mut tenants, moment.request % 50))
        }),
        leak("many-callers", "note_call", |_| {
            let mut notes = Vec::new();
            Box::new(move |moment| HANDLERS[place(moment.request)](&mut notes))
        }),
        Shape {
            requests: 12_000,
            ..leak("one-byte-a-request", "box_a_byte", |_| Box::new(|_| box_a_byte()))
        },
    ]
}

fn runtime() -> Option<Runtime> {
    Builder::new_current_thread().enable_all().build().ok()
}

#[inline(never)]
fn push_row(rows: &mut Vec<Vec<u8>>) -> u32 {
    rows.push(black_box(vec![1; 256]));
    line!() - 1
}

#[inline(never)]
fn remember_number(numbers: &mut HashMap<u64, String>, request: u64) -> u32 {
    let text = format!("{request:0>200}");
    let line = line!() - 1;
    numbers.insert(request, black_box(text));
    line
}

struct Node {
    itself: Mutex<Option<Arc<Node>>>,
    _payload: [u8; 240],
}

#[inline(never)]
fn link_to_itself() -> u32 {
    let node = Arc::new(Node { itself: Mutex::new(None), _payload: black_box([1; 240]) });
    let line = line!() - 1;
    *node.itself.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&node));
    line
}

#[inline(never)]
fn send_to_nobody(sender: &UnboundedSender<[u8; 256]>, _receiver: &UnboundedReceiver<[u8; 256]>) -> u32 {
    black_box(sender.send(black_box([1; 256])).is_ok());
    line!() - 1
}

#[inline(never)]
fn spawn_forever(runtime: &Runtime) -> u32 {
    let held = black_box([1_u8; 256]);
    let waits = async move {
        std::future::pending::<()>().await;
        black_box(held[0]);
    };
    let _task = runtime.spawn(waits);
    let line = line!() - 1;
    runtime.block_on(async { tokio::task::yield_now().await });
    line
}

#[inline(never)]
fn keep_answer(answers: &mut HashMap<u64, Arc<str>>, request: u64) -> u32 {
    let text = black_box("0123456789abcdef".repeat(16));
    answers.entry(request).or_insert_with(|| Arc::from(text.as_str()));
    line!() - 1
}

#[inline(never)]
fn forget_buffer() -> u32 {
    std::mem::forget(black_box(vec![1_u8; 300]));
    line!() - 1
}

#[inline(never)]
fn allocate_in_c() -> u32 {
    headroom::probe::leak_in_c(256);
    line!() - 1
}

#[inline(never)]
fn set_timer(runtime: &Runtime, timers: &mut Vec<Pin<Box<Sleep>>>) -> u32 {
    let _inside = runtime.enter();
    timers.push(Box::pin(tokio::time::sleep(Duration::from_hours(24))));
    line!() - 1
}

/// A subscriber as the server's: it keeps a span's fields for as long as the span is open.
fn subscriber() -> DefaultGuard {
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
    tracing::subscriber::set_default(subscriber)
}

#[inline(never)]
fn enter_for_good(_subscriber: &DefaultGuard, request: u64) -> u32 {
    let span = tracing::info_span!("request", request, path = "/api/cases/0123456789abcdef/documents");
    let line = line!() - 1;
    std::mem::forget(span);
    line
}

#[inline(never)]
fn note_for_tenant(tenants: &mut HashMap<u64, Vec<Box<[u8]>>>, tenant: u64) -> u32 {
    let notes = tenants.entry(tenant).or_default();
    notes.push(black_box(vec![1; 250]).into_boxed_slice());
    line!() - 1
}

#[inline(never)]
fn box_a_byte() -> u32 {
    black_box(Box::leak(Box::new(black_box(1_u8))));
    line!() - 1
}

/// What leaks is the helper: by each of its callers come 10 KiB a minute.
#[inline(never)]
fn note_call(notes: &mut Vec<Box<[u8]>>, caller: usize) -> u32 {
    notes.push(black_box(vec![1; 80 + black_box(caller % 2)]).into_boxed_slice());
    line!() - 1
}

type Handler = fn(&mut Vec<Box<[u8]>>) -> u32;

/// Different code for each, so that each call of the helper has a place of its own.
#[inline(never)]
fn handle<const CALLER: usize>(notes: &mut Vec<Box<[u8]>>) -> u32 {
    black_box(note_call(notes, black_box(CALLER)))
}

const HANDLERS: [Handler; 20] = [
    handle::<0>,
    handle::<1>,
    handle::<2>,
    handle::<3>,
    handle::<4>,
    handle::<5>,
    handle::<6>,
    handle::<7>,
    handle::<8>,
    handle::<9>,
    handle::<10>,
    handle::<11>,
    handle::<12>,
    handle::<13>,
    handle::<14>,
    handle::<15>,
    handle::<16>,
    handle::<17>,
    handle::<18>,
    handle::<19>,
];

fn place(request: u64) -> usize {
    usize::try_from(request).unwrap_or(0) % HANDLERS.len()
}
