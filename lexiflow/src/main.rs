//! The program; all it does lies in the library, so that tests can start a server in their own process.

headroom::install_allocator!();

fn main() -> std::process::ExitCode {
    // A kernel that cannot do it makes no huge pages by itself.
    headroom::disable_huge_pages();
    // A program that is built without frame pointers goes on with samples that take longer.
    headroom::sample_by_frame_pointers();
    lexiflow::commands::main()
}
