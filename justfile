# Conveniences only: every recipe is one plain cargo command.

# Start the server on 127.0.0.1:5000.
run:
    cargo run --release

# The README's test command: everything on embedded SQLite.
test:
    cargo test --workspace

# The whole suite on PostgreSQL.
test-pg url="postgres://postgres@127.0.0.1:5432/postgres":
    TEST_DATABASE_URL={{url}} cargo test --workspace

# Floors, SQL only in stores, file and function length.
arch:
    cargo run -p xtask -- arch

# Keep a heap profile of the running server in a file; needs LEXIFLOW_TOKEN.
memory-snapshot out="heap.pb" url="http://127.0.0.1:5000":
    cargo run --release -- memory --url {{url}} profile --out {{out}}

# What grew between two such files.
memory-analysis older newer:
    cargo run --release -- memory diff {{older}} {{newer}}

# What CI runs.
ci:
    .ci/run

# Rewrite the checked-in OpenAPI description and the DDL of both databases after a deliberate change.
bless:
    cargo run -p lexiflow -- openapi > openapi/lexiflow.json
    cargo run -p lexiflow -- migrate ddl --dialect sqlite > docs/ddl/sqlite.sql
    cargo run -p lexiflow -- migrate ddl --dialect postgres > docs/ddl/postgres.sql
