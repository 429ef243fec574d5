//! What a PostgreSQL role needs that serves and does not own the tables.

/// Tables to which rows are added, and in which nothing is ever changed or removed.
const APPEND_ONLY: &str = "audit_log, audit_checkpoints";

/// The SQL that gives `role` what a server needs, and nothing more.
pub fn grants(role: &str) -> String {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    format!(
        "BEGIN;\n\
         GRANT USAGE ON SCHEMA public TO {role};\n\
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};\n\
         GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};\n\
         REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {APPEND_ONLY} FROM {role};\n\
         REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON schema_migrations FROM {role};\n\
         COMMIT;\n"
    )
}
