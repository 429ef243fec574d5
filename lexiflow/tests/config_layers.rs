//! Where values come from: layers, `.env` files, names that are answered, and names that are almost right.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use lexiflow::config::{ConfigFaults, Environment, Loaded, Notice, Source, Sources, load};
use std::fs;
use tempfile::TempDir;

/// A working directory with files in it.
struct Place {
    dir: TempDir,
    sources: Sources,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sources = Sources { directory: Some(dir.path().to_owned()), ..Sources::default() };
        Self { dir, sources }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    fn env<const N: usize>(mut self, pairs: [(&str, &str); N]) -> Self {
        self.sources.environment = Environment::from_iter(pairs);
        self
    }

    fn toml(mut self, text: &str) -> Self {
        self.sources.file = Some(self.dir.path().join("own.toml"));
        self.file("own.toml", text)
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.sources.overrides.push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Loaded, ConfigFaults> {
        load(&self.sources)
    }

    fn port(&self) -> u16 {
        self.load().unwrap().config.server.port
    }

    fn notices(&self) -> Vec<String> {
        self.load().unwrap().notices.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn each_layer_covers_the_ones_below() {
    let place = Place::new();
    assert_eq!(place.port(), 5000);
    let place = place.toml("[server]\nport = 5001\n");
    assert_eq!(place.port(), 5001);
    let place = place.file(".env", "PORT=5002\nAPP_ENV=staging\n");
    assert_eq!(place.port(), 5002);
    let place = place.file(".env.staging", "PORT=5003\n").file(".env.test", "PORT=1\n");
    assert_eq!(place.port(), 5003, "the mode may stand in .env");
    let place = place.env([("PORT", "5004")]);
    assert_eq!(place.port(), 5004);
    let place = place.set("server.port", "5005");
    assert_eq!(place.port(), 5005);
    assert_eq!(place.set("server.port", "5006").port(), 5006, "the last of two options counts");
}

#[test]
fn every_value_knows_its_origin() {
    let place = Place::new().file(".env", "PORT=5002\n").env([("MEMORY_BUDGET_MB", "64")]).set("HOST", "::1");
    let loaded = place.load().unwrap();
    let of = |key: &str| loaded.provenance.iter().find(|row| row.key == key).unwrap().clone();
    assert_eq!(of("server.port").source, Source::DotEnv(".env".to_owned()));
    assert_eq!(of("server.host").source, Source::CommandLine);
    assert_eq!(of("server.request_timeout").source, Source::Default);
    let budget = of("memory.budget");
    assert_eq!(
        (budget.value.as_str(), budget.unit, budget.name.as_str()),
        ("64MiB", "MiB", "MEMORY_BUDGET_MB")
    );
    assert_eq!(loaded.provenance.len(), lexiflow::config::KEYS.len());
}

#[test]
fn what_config_print_shows_gives_the_same_configuration_again() {
    let loaded = Place::new().load().unwrap();
    for row in &loaded.provenance {
        let again = Place::new().set(row.key, &row.value).load().unwrap_or_else(|faults| panic!("{faults}"));
        let shown = again.provenance.iter().find(|other| other.key == row.key).unwrap();
        assert_eq!(shown.value, row.value, "{}", row.key);
    }
}

#[test]
fn a_dotenv_file_may_be_written_in_the_usual_ways() {
    let text = "\u{feff}# comment\r\n\r\nexport PORT = 5010 # here\r\nLEXIFLOW_DATA_DIR=\"/srv/my \\\"data\\\"\" # why\r\n\
                LEXIFLOW_ADMIN_PASSWORD='single # quoted \\n'\r\nUPLOAD_DIR=/srv/a#b\r\nHOST=\r\n";
    let config = Place::new().file(".env", text).load().unwrap().config;
    assert_eq!(config.server.port, 5010);
    assert_eq!(config.storage.data_dir, std::path::Path::new("/srv/my \"data\""));
    assert_eq!(config.admin.password.unwrap().reveal(), "single # quoted \\n");
    assert_eq!(config.storage.upload_dir, std::path::Path::new("/srv/a#b"));
    assert_eq!(config.server.host, "127.0.0.1", "an empty variable is not set");
}

#[test]
fn bad_lines_of_a_dotenv_file_are_told_by_number_and_without_their_text() {
    let text = "PORT\n1PORT=2\nJWT_SECRET=\"never closed secret\nHOST='a' secret\n/** secret */\n";
    let faults = Place::new().file(".env", text).load().unwrap_err();
    let lines = faults.to_string();
    assert_eq!(faults.0.len(), 5, "{lines}");
    for number in 1..=5 {
        assert!(lines.contains(&format!("line {number} ")), "{lines}");
    }
    assert!(!lines.contains("secret"), "{lines}");
}

#[test]
fn a_name_given_twice_in_a_file_is_told() {
    let place = Place::new().file(".env", "MAX_FILE_SIZE=1MB\nMAX_FILE_SIZE=2MB\n");
    assert_eq!(place.load().unwrap().config.storage.max_file_size, 2 << 20);
    assert_eq!(place.notices(), ["MAX_FILE_SIZE stands more than once in .env: the last one counts"]);
}

#[test]
fn a_production_file_that_is_not_read_is_told() {
    let place = Place::new().file(".env.production", "NODE_ENV=production\nPORT=80\n");
    assert_eq!(place.port(), 5000);
    assert!(place.notices()[0].starts_with(".env.production is not read because the mode is development"));
    let place = place.env([("NODE_ENV", "production")]);
    assert_eq!(place.port(), 80);
    assert!(place.notices().is_empty());
    let faults = place.file(".env.production", "NODE_ENV=test\n").load().unwrap_err();
    assert!(faults.to_string().contains("must be production in the file of that mode"));
}

#[test]
fn a_toml_file_is_checked_whole() {
    let faults = Place::new()
        .toml("prot = 1\n[server]\nprot = 1\nhost = [\"a\"]\nport = 5001\n[memory]\nbudget = 1979-05-27\n[servers]\nport = 1\n")
        .load()
        .unwrap_err();
    let text = faults.to_string();
    assert_eq!(faults.0.len(), 5, "{text}");
    assert!(text.contains("did you mean server.port?"), "{text}");
    assert!(text.contains("is a list where one value is expected"), "{text}");

    let faults = Place::new().toml("[auth]\njwt_secret = \"not closed secret\n").load().unwrap_err();
    assert!(faults.to_string().contains("2 is not TOML"), "{faults}");
    assert!(!faults.to_string().contains("not closed secret"), "{faults}");
}

#[test]
fn a_file_named_in_the_environment_is_read_and_must_exist() {
    let place = Place::new().file("named.toml", "[server]\nport = 5020\n");
    let path = place.dir.path().join("named.toml");
    let place = place.env([("LEXIFLOW_CONFIG", path.to_str().unwrap())]);
    assert_eq!(place.port(), 5020);
    assert!(place.notices().is_empty());
    let faults = place.env([("LEXIFLOW_CONFIG", "/nowhere/at/all.toml")]).load().unwrap_err();
    assert!(faults.to_string().contains("cannot be read"), "{faults}");
}

#[test]
fn an_unknown_override_is_a_fault() {
    let faults = Place::new().set("server.prot", "1").load().unwrap_err();
    assert!(faults.to_string().contains("did you mean server.port?"), "{faults}");
}

#[test]
fn old_names_and_double_names_are_told() {
    let place = Place::new().env([("MEMORY_CHECK_INTERVAL", "2000")]);
    assert_eq!(place.load().unwrap().config.memory.check_interval.as_secs(), 2);
    let notices = place.notices();
    assert_eq!(notices[0], "MEMORY_CHECK_INTERVAL is an old name: use MEMORY_CHECK_INTERVAL_MS");
    assert!(notices[1].contains("ten times a second") && notices.len() == 2, "{notices:?}");

    let place = Place::new().env([("NODE_MAX_OLD_SPACE_SIZE", "100"), ("MEMORY_BUDGET_MB", "200")]);
    assert_eq!(place.load().unwrap().config.memory.budget, Some(200 << 20));
    assert_eq!(
        place.notices(),
        ["NODE_MAX_OLD_SPACE_SIZE is not used because MEMORY_BUDGET_MB is set beside it"]
    );
}

#[test]
fn names_without_effect_are_answered_once_each() {
    let place = Place::new().file(".env", "NODE_MAX_SEMI_SPACE_SIZE=8\nSMTP_PASS=hidden\n").env([
        ("NODE_MAX_SEMI_SPACE_SIZE", "16"),
        ("REDIS_URL", "redis://x"),
        ("WS_PORT", "3001"),
    ]);
    let notices = place.notices();
    assert_eq!(notices.len(), 4, "{notices:?}");
    let line = notices.iter().find(|line| line.starts_with("NODE_MAX_SEMI_SPACE_SIZE")).unwrap();
    assert!(line.contains("is accepted for compatibility and has no effect in a native process because "));
    let line = notices.iter().find(|line| line.starts_with("SMTP_PASS")).unwrap();
    assert!(
        line.contains("has no effect yet: this version writes mail as files") && !line.contains("hidden")
    );
}

#[test]
fn names_that_are_almost_ours_are_told() {
    let suggestion = |name: &str| match Place::new().env([(name, "1")]).load().unwrap().notices.as_slice() {
        [] => None,
        [Notice::Unknown { suggestion, .. }] => Some(*suggestion),
        other => panic!("{other:?}"),
    };
    assert_eq!(suggestion("MEMORY_CHECK_INTERVALL_MS"), Some(Some("MEMORY_CHECK_INTERVAL_MS")));
    assert_eq!(suggestion("MEMORY_WARNING"), Some(Some("MEMORY_WARNING_THRESHOLD")));
    assert_eq!(suggestion("LOG_LEVL"), Some(Some("LOG_LEVEL")));
    assert_eq!(suggestion("JWT_EXPIRES_IN"), Some(None), "ours by its prefix, near to nothing");
    assert_eq!(suggestion("NODE_VERSION"), None, "not ours, though the prefix is shared");
    assert_eq!(suggestion("SESSION_MANAGER"), None);
    assert_eq!(suggestion("PATH"), None);
}

#[test]
fn a_setting_on_which_nothing_acts_yet_is_answered_when_somebody_sets_it() {
    let place = Place::new().env([("CACHE_TTL", "20000"), ("PORT", "5005")]);
    let loaded = place.load().unwrap();
    let lines: Vec<String> = loaded.notices.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("CACHE_TTL") && lines[0].contains("no shared cache"), "{lines:?}");
}

#[test]
fn settings_of_the_memory_engine_are_answered_with_nothing_because_they_act() {
    let place = Place::new().env([
        ("MEMORY_CLEANUP_ENABLED", "false"),
        ("MEMORY_CLEANUP_INTERVAL", "60000"),
        ("MEMORY_CLEANUP_AGGRESSIVE", "true"),
        ("NODE_EXPOSE_GC", "false"),
        ("NODE_OPTIMIZE_FOR_MEMORY", "true"),
        ("STREAM_FILE_THRESHOLD", "5242880"),
        ("CACHE_MAX_MEMORY_SIZE", "65536"),
        ("CACHE_CHECK_PERIOD", "60000"),
    ]);
    assert_eq!(place.notices(), Vec::<String>::new());
}

#[test]
fn a_limit_of_whole_bodies_above_the_streaming_threshold_is_told() {
    let place = Place::new().env([("PAYLOAD_JSON_LIMIT", "20971520"), ("PAYLOAD_TEXT_LIMIT", "1048576")]);
    let told = "PAYLOAD_JSON_LIMIT is above STREAM_FILE_THRESHOLD, which counts: raise both";
    assert_eq!(place.notices(), [told]);
}

#[test]
fn a_profile_lies_between_the_defaults_and_everything_else() {
    let shown = |place: &Place, key: &str| {
        let loaded = place.load().unwrap();
        let row = loaded.provenance.iter().find(|row| row.key == key).unwrap();
        (row.value.clone(), row.source.to_string())
    };
    let plain = Place::new();
    let place = Place::new().env([("LEXIFLOW_PROFILE", "memory-constrained")]);
    for key in ["server.max_connections", "workers.blocking_threads", "stream.chunk_size"] {
        let (value, source) = shown(&place, key);
        assert_eq!(source, "profile memory-constrained", "{key}");
        assert_ne!(value, shown(&plain, key).0, "{key}");
    }
    assert_eq!(shown(&place, "server.port").1, "default");
    assert_eq!(place.notices(), Vec::<String>::new(), "a profile sets only what acts");
    let place = place.toml("[server]\nmax_connections = 99\n").file(".env", "UV_THREADPOOL_SIZE=7\n");
    assert_eq!(shown(&place, "server.max_connections").0, "99");
    assert_eq!(shown(&place, "workers.blocking_threads"), ("7".to_owned(), ".env".to_owned()));
    let place = place.set("profile", "high-concurrency");
    assert_eq!(shown(&place, "server.keep_alive_timeout").1, "profile high-concurrency");
    assert_eq!(shown(&place, "server.max_connections").0, "99");
}

#[test]
fn an_unknown_profile_is_refused_with_the_names_that_there_are() {
    let faults = Place::new().env([("LEXIFLOW_PROFILE", "tiny")]).load().unwrap_err().to_string();
    for name in ["LEXIFLOW_PROFILE=tiny", "default, high-concurrency, memory-constrained"] {
        assert!(faults.contains(name), "{faults}");
    }
}

#[test]
fn each_profile_sets_only_what_differs_and_acts_and_names_no_secret() {
    let plain = Place::new().load().unwrap();
    for profile in ["high-concurrency", "memory-constrained"] {
        let loaded = Place::new().set("profile", profile).load().unwrap();
        assert!(loaded.notices.is_empty(), "{profile}: {:?}", loaded.notices);
        let mut set = 0;
        for (row, default) in loaded.provenance.iter().zip(&plain.provenance) {
            if row.source == Source::Profile(profile) {
                assert_ne!(row.value, default.value, "{profile}: {} is the default", row.key);
                set += 1;
            }
        }
        assert!(set >= 10, "{profile} sets {set} values");
    }
}

/// What the manual of the memory and the decision on profiles say of them.
#[test]
fn the_values_that_a_profile_is_chosen_for_are_in_it() {
    let names = ["default", "high-concurrency", "memory-constrained"];
    for (key, values) in [
        ("workers.blocking_threads", ["8", "16", "4"]),
        ("workers.job_concurrency", ["2", "4", "2"]),
        ("database.pool_max", ["20", "50", "8"]),
        ("database.readers", ["0", "16", "2"]),
        ("memory.warning_threshold", ["75%", "75%", "60%"]),
        ("memory.critical_threshold", ["85%", "85%", "80%"]),
        ("memory.optimize_for_size", ["false", "false", "true"]),
        // The budget follows the limit in each of them.
        ("memory.budget", ["0", "0", "0"]),
    ] {
        for (profile, value) in names.into_iter().zip(values) {
            let loaded = Place::new().set("profile", profile).load().unwrap();
            let row = loaded.provenance.iter().find(|row| row.key == key).unwrap();
            assert_eq!(row.value, value, "{profile}: {key}");
        }
    }
}
