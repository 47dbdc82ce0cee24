//! Ctrl-C, and the system's requests to end.

use davy_exec::Session;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the process at once; what its searches have put on disk goes with it.
pub(crate) fn ends(session: &Session) {
    let files = session.on_disk();
    // Without a handler the process ends as well, and leaves the files.
    let _ = ctrlc::set_handler(move || {
        files.remove();
        std::process::exit(ENDED);
    });
}

/// A flag that is raised, for an end with what was found so far, and `said` then. Whoever asks twice
/// does not want to wait.
pub(crate) fn raises(session: &Session, said: Option<&'static str>) -> Arc<AtomicBool> {
    let files = session.on_disk();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            files.remove();
            std::process::exit(ENDED);
        }
        if let Some(said) = said {
            tell!("{said}");
        }
    });
    stop
}

/// What shells report of a process that Ctrl-C ended.
const ENDED: i32 = 130;
