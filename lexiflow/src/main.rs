//! The program; all it does lies in the library, so that tests can start a server in their own process.

headroom::install_allocator!();

fn main() -> std::process::ExitCode {
    lexiflow::commands::main()
}
