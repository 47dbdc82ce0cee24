//! Files are found once each, however many paths and links lead to them.

use davy_exec::find_files;
use std::fs;
use std::path::{Path, PathBuf};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("davy-find-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a=1\n").unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// What is found, by the names inside the folder; and what was wrong.
    fn find(&self, names: &[&str]) -> (Vec<String>, Vec<String>) {
        let paths: Vec<String> = names.iter().map(|name| self.path(name)).collect();
        let (files, errors) = find_files(&paths);
        let inside = |path: &Path| {
            path.strip_prefix(&self.0).unwrap_or(path).display().to_string().replace('\\', "/")
        };
        let errors = errors.iter().map(|(path, e)| format!("{}: {e}", inside(Path::new(path))));
        (files.iter().map(|file| inside(file)).collect(), errors.collect())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_named_twice_is_found_once() {
    let folder = Folder::new("twice");
    ["logs/a.log", "logs/b/c.log", "other.log"].iter().for_each(|name| folder.file(name));
    let all = ["logs/a.log", "logs/b/c.log"];
    assert_eq!(folder.find(&["logs", "logs"]).0, all);
    assert_eq!(folder.find(&["logs/b", "logs"]).0, ["logs/b/c.log", "logs/a.log"]);
    assert_eq!(folder.find(&["logs", "logs/a.log", "logs/../logs/a.log"]).0, all);
    let (found, errors) = folder.find(&["other.log", "other.*", "logs/*"]);
    assert_eq!(found, ["other.log", "logs/a.log", "logs/b/c.log"]);
    assert_eq!(errors, [""; 0]);
    assert_eq!(folder.find(&["none.*"]).1, ["none.*: no file fits this pattern"]);
}

#[cfg(unix)]
mod links {
    use super::Folder;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    #[test]
    fn loops_end_and_links_count_once() {
        let folder = Folder::new("loops");
        ["logs/x.log", "logs/in/y.log", "far/z.log", "far/deep/w.log"]
            .iter()
            .for_each(|name| folder.file(name));
        let link = |to: &str, name: &str| symlink(to, folder.path(name)).unwrap();
        // Two loops would be walked in each other for ever.
        link(".", "logs/a");
        link("..", "logs/in/b");
        link("x.log", "logs/zz.log");
        link("../far/z.log", "logs/far.log");
        link("../far/deep", "logs/deep");
        let (found, errors) = folder.find(&["logs"]);
        assert_eq!(
            found,
            ["logs/deep/w.log", "logs/far.log", "logs/in/y.log", "logs/x.log"],
            "{errors:?}"
        );
        assert_eq!(errors, [""; 0]);
        std::fs::hard_link(folder.path("logs/x.log"), folder.path("logs/hard.log")).unwrap();
        assert_eq!(folder.find(&["logs/hard.log", "logs/x.log"]).0, ["logs/hard.log"]);
    }

    #[test]
    fn a_pipe_is_read_only_where_it_is_named() {
        let folder = Folder::new("pipes");
        folder.file("logs/x.log");
        let made = Command::new("mkfifo").arg(folder.path("logs/pipe.log")).status().unwrap();
        assert!(made.success());
        let skipped = ["logs/pipe.log: neither a file nor a folder; skipped"];
        assert_eq!(
            folder.find(&["logs"]),
            (vec!["logs/x.log".into()], skipped.map(Into::into).into())
        );
        assert_eq!(folder.find(&["logs/p*"]).1, skipped);
        assert_eq!(folder.find(&["logs/pipe.log"]).0, ["logs/pipe.log"]);
    }
}
