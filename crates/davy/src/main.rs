//! The davy command.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the allocator keeps memory that was freed, in milliseconds. Its own second is as long
/// as a hunt over a gigabyte takes, whose peak would be a sixth higher.
const PURGE_DELAY: std::ffi::c_long = 10;

fn main() -> std::process::ExitCode {
    give_memory_back();
    open_many_files();
    davy::run()
}

#[allow(unsafe_code)]
fn give_memory_back() {
    // `mi_option_purge_delay` and `mi_option_destroy_on_exit` of mimalloc.h, which the crate does
    // not name.
    const DELAY: libmimalloc_sys::mi_option_t = 15;
    const AT_EXIT: libmimalloc_sys::mi_option_t = 22;
    // SAFETY: it sets numbers among the allocator's options, while there is one thread. What
    // `MIMALLOC_PURGE_DELAY` says stands. With 2 the allocator does nothing at the exit, where it
    // would look at all that it still holds.
    unsafe {
        libmimalloc_sys::mi_option_set_default(DELAY, PURGE_DELAY);
        libmimalloc_sys::mi_option_set_default(AT_EXIT, 2);
    }
}

/// What goes to disk goes to many files, and shells allow 256 or 1,024 open ones where the system
/// would allow more.
fn open_many_files() {
    #[cfg(unix)]
    let _ = rlimit::increase_nofile_limit(OPEN_FILES);
}

/// Enough for searches that spill, and little enough for programs that walk over all of them.
#[cfg(unix)]
const OPEN_FILES: u64 = 65_536;
