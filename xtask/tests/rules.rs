//! Each rule can fail, and a tidy tree breaks none.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
use std::{fs, path::Path};
use tempfile::TempDir;
use xtask::{Rule, check, measure};

fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// The rules that a tree breaks, each with its file and line.
fn broken(files: &[(&str, &str)]) -> Vec<(Rule, String, usize)> {
    let violations = check(tree(files).path()).unwrap();
    violations.into_iter().map(|found| (found.rule, found.path.display().to_string(), found.line)).collect()
}

fn one(rule: Rule, path: &str, line: usize) -> Vec<(Rule, String, usize)> {
    vec![(rule, path.to_owned(), line)]
}

fn manifest(name: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{name}\"\n\n[dependencies]\n{dependencies}")
}

#[test]
fn a_tidy_tree_breaks_no_rule() {
    let cases = manifest(
        "cases",
        "clients.workspace = true\nserde.workspace = true\n[dev-dependencies]\ntestkit.workspace = true\n",
    );
    let code = "//! unsafe, axum, macro_rules! and sqlx in prose\nconst TEXT: &str = \"unsafe axum sqlx static X: Mutex\";\n\
        fn name<'a>(x: &'a str) -> char { let r#type = b'\\''; /* unsafe /* nested */ axum */ '\"' }\n\
        fn raw() { let _ = r#\"unsafe \" axum\"#; }\nstatic NAME: &str = \"a\";\n";
    let store = "use sea_orm::EntityTrait;\nfn list(page: Page) { Entity::find().limit(20).all(db); }\n\
        fn few() {\n    // bounded: one row for each role\n    Entity::find().all(db);\n}\n\
        fn check(names: &[u8]) -> bool { names.iter().all(|n| *n > 1) && x.all(char::is_alphanumeric) }\n";
    let files = [
        ("modules/cases/Cargo.toml", cases.as_str()),
        ("modules/cases/src/model.rs", code),
        ("modules/cases/src/store.rs", store),
        ("modules/cases/src/store/parties.rs", "use sqlx::Row;\n"),
        ("modules/cases/src/routes.rs", "use axum::Router;\n"),
        ("modules/cases/tests/http.rs", "use axum::Router;\nstatic COUNT: AtomicU64 = AtomicU64::new(0);\n"),
        ("crates/headroom/src/lib.rs", "static LIVE: AtomicU64 = AtomicU64::new(0);\nunsafe fn f() {}\n"),
        ("crates/ids/src/lib.rs", "macro_rules! id { () => {} }\n"),
        ("target/debug/utils.rs", "unsafe fn f() {}\n"),
    ];
    assert_eq!(broken(&files), []);
}

#[test]
fn no_crate_imports_its_own_floor_or_a_higher_one() {
    for (path, name, dependency) in [
        ("crates/db/Cargo.toml", "db", "cases.workspace = true"),
        ("modules/cases/Cargo.toml", "cases", "lexiflow.workspace = true"),
        ("modules/billing/Cargo.toml", "billing", "documents = { path = \"../documents\" }"),
        ("modules/audit/Cargo.toml", "audit", "sessions.workspace = true"),
        ("modules/clients/Cargo.toml", "clients", "law = { package = \"cases\", path = \"../cases\" }"),
        ("crates/headroom/Cargo.toml", "headroom", "clock.workspace = true"),
        ("crates/db/Cargo.toml", "db", "web.workspace = true"),
        (
            "modules/cases/Cargo.toml",
            "cases",
            "testkit.workspace = true\n[dev-dependencies]\nbilling.workspace = true",
        ),
        ("modules/access/Cargo.toml", "access", "[target.'cfg(unix)'.dependencies]\nevents.workspace = true"),
    ] {
        let text = manifest(name, dependency);
        let found = broken(&[(path, &text)]);
        let line = 5 + usize::from(dependency.contains('\n'))
            * if dependency.starts_with("testkit") { 2 } else { 1 };
        assert_eq!(found, one(Rule::Floors, path, line), "{name}: {dependency}");
    }
    let unknown = manifest("astrology", "");
    assert_eq!(
        broken(&[("modules/astrology/Cargo.toml", &unknown)]),
        one(Rule::Floors, "modules/astrology/Cargo.toml", 1)
    );
}

#[test]
fn sql_and_http_keep_to_their_rooms() {
    for (path, code) in [
        ("modules/cases/src/service.rs", "fn a() {}\nuse sea_orm::EntityTrait;\n"),
        ("modules/cases/src/routes.rs", "\nfn a() -> sqlx::Result<()> { b() }\n"),
        ("crates/blob/src/lib.rs", "\nuse sea_query::Expr;\n"),
        ("modules/cases/src/service.rs", "\nuse axum::Json;\n"),
        ("crates/queue/src/lib.rs", "\nuse axum::Json;\n"),
    ] {
        assert_eq!(broken(&[(path, code)]), one(Rule::Layers, path, 2), "{code}");
    }
}

#[test]
fn files_and_functions_have_an_end() {
    let path = "modules/cases/src/model.rs";
    let long_file = "// a line\n".repeat(501);
    assert_eq!(broken(&[(path, &long_file)]), one(Rule::Length, path, 501));
    assert_eq!(broken(&[(path, &"// a line\n".repeat(500))]), []);
    let function = |lines: usize| {
        format!("\npub async fn long() -> [u8; 3] {{\n{}}}\n", "    call();\n\n    // why\n".repeat(lines))
    };
    assert_eq!(broken(&[(path, &function(61))]), one(Rule::Length, path, 2));
    assert_eq!(broken(&[(path, &function(60))]), []);
    assert_eq!(broken(&[("modules/cases/tests/long.rs", &function(61))]), []);
}

#[test]
fn a_name_says_what_is_inside() {
    for path in
        ["modules/cases/src/utils.rs", "modules/cases/src/helpers/a.rs", "modules/cases/tests/common/mod.rs"]
    {
        assert_eq!(broken(&[(path, "")]), one(Rule::Names, path, 1));
    }
    assert_eq!(
        broken(&[("crates/x/Cargo.toml", &manifest("misc", ""))]),
        one(Rule::Names, "crates/x/Cargo.toml", 2)
    );
}

#[test]
fn macros_globals_and_unsafe_code_are_found() {
    let path = "modules/cases/src/model.rs";
    assert_eq!(broken(&[(path, "\nmacro_rules! a { () => {} }\n")]), one(Rule::Macros, path, 2));
    for code in [
        "\nstatic A: Mutex<u8> = Mutex::new(1);\n",
        "\npub(crate) static A: std::sync::LazyLock<u8> = LazyLock::new(f);\n",
        "\n    static A:\n        OnceLock<u8> = OnceLock::new();\n",
        "\nstatic COUNT: AtomicUsize = AtomicUsize::new(0);\n",
        "\nstatic mut A: u8 = 0;\n",
        "\nthread_local! { }\n",
    ] {
        assert_eq!(broken(&[(path, code)]), one(Rule::Globals, path, 2), "{code}");
    }
    assert_eq!(broken(&[(path, "\nfn a() { unsafe { b() } }\n")]), one(Rule::Unsafe, path, 2));
}

#[test]
fn folders_outside_are_not_named() {
    let sentence = format!("see\n{}{}/api\n", "../shared", "/spec");
    assert_eq!(broken(&[("README.md", &sentence)]), one(Rule::Words, "README.md", 2));
}

#[test]
fn a_store_never_reads_a_whole_table() {
    let path = "modules/cases/src/store.rs";
    let code = "fn paged(limit: u64) { Entity::find().limit(limit).all(db); }\nfn list() {\n    Entity::find()\n        .all(db);\n}\n";
    assert_eq!(broken(&[(path, code)]), one(Rule::Unbounded, path, 4));
    assert_eq!(broken(&[("modules/cases/src/service.rs", code)]), []);
}

#[test]
fn files_are_measured() {
    let lines = |count: usize| "x\n".repeat(count);
    let texts: Vec<(String, String)> =
        (1..=10).map(|count| (format!("src/f{count}.rs"), lines(count * 10))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let lengths = measure(tree(&files).path()).unwrap();
    assert_eq!(
        (lengths.files, lengths.total, lengths.median, lengths.p90, lengths.max),
        (10, 550, 50, 90, 100)
    );
    assert_eq!(lengths.longest, Path::new("src/f10.rs"));
}

#[test]
fn what_grows_is_registered_or_says_what_bounds_it() {
    let growing = "/// Something.\nstruct Known {\n    by_name: HashMap<String, u64>,\n    \
        waiting: Mutex<Vec<u64>>,\n    cache: Arc<Cache<u64, u64>>,\n    few: Vec<u64>,\n}\n\
        struct Tuple(VecDeque<u8>);\nfn f() { let local: HashMap<u8, u8> = HashMap::new(); unbounded_channel(); }\n";
    let path = "crates/web/src/known.rs";
    let found: Vec<usize> = broken(&[(path, growing)])
        .into_iter()
        .map(|(rule, _, line)| {
            assert_eq!(rule, Rule::Stores);
            line
        })
        .collect();
    assert_eq!(found, [3, 4, 5, 8, 9]);
    let tidy = "struct Known {\n    /// bounded: one for each route.\n    #[serde(skip)]\n    by_name: HashMap<String, u64>,\n    \
        waiting: Mutex<Vec<u64>>, // bounded: as many as connections\n    cache: Arc<Cache<u64, u64>>,\n}\n\
        fn f(stores: &StoreRegistry) { stores.register(cache); }\n";
    assert_eq!(broken(&[(path, tidy)]), []);
    assert_eq!(broken(&[("crates/web/tests/known.rs", growing)]), []);
}
