//! Where `davy test` takes recorded data from.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => std::fs::write(target, std::fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}

/// A copy of the built-in content in which the seed detection's dataset is at `address`.
fn content(name: &str, address: &str) -> PathBuf {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../davy-content/pack");
    let root = std::env::temp_dir().join(format!("davy-datasets-{name}-{}", std::process::id()));
    copy(&pack, &root);
    let seed = root.join("detections/endpoint/windows_export_certificate.yml");
    let text = std::fs::read_to_string(&seed).unwrap();
    let old = text.lines().find_map(|l| l.trim().strip_prefix("- data: ")).unwrap();
    std::fs::write(&seed, text.replace(old, address)).unwrap();
    root
}

/// Runs `davy test` over the folder, removes it, and gives status, output and messages.
fn davy_test(root: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_davy"))
        .args(["test", "Windows Export Certificate", "--content"])
        .arg(root)
        .args(more)
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(root);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Serves one answer to each of `count` requests at an address of its own.
fn serve(status: &'static str, body: &'static [u8], count: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/data/windows.log", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(count) {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => request.extend(&buffer[..count]),
                }
            }
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    address
}

const SAMPLE: &[u8] = include_bytes!("../../../../samples/certificate_export.xml");

#[test]
fn fetched_from_the_address() {
    let address = serve("200 OK", SAMPLE, 4);
    let (status, out, err) = davy_test(&content("fetch", &address), &["--format", "json"]);
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(out.contains(&address), "{out}");
}

#[test]
fn offline_takes_the_example() {
    let address = serve("200 OK", SAMPLE, 4);
    let (status, out, err) = davy_test(&content("offline", &address), &["--offline"]);
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(out.contains("example log of Windows Event Log"), "{out}");
}

#[test]
fn a_folder_stands_before_the_address() {
    let root = content("folder", "http://127.0.0.1:1/data/windows.log");
    let data = root.join("recorded/data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("windows.log"), SAMPLE).unwrap();
    let folder = root.join("recorded").display().to_string();
    let (status, out, err) = davy_test(&root, &["--data", &folder, "--format", "json"]);
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(out.contains("recorded/data/windows.log"), "{out}");
    assert!(!err.contains("cannot be reached"), "{err}");
}

#[test]
fn a_network_that_refuses_is_one_line() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{free}/data/windows.log");
    let (status, out, err) = davy_test(&content("refused", &address), &[]);
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(out.contains("example log of Windows Event Log"), "{out}");
    let lines = err.lines().filter(|l| l.contains("cannot be reached")).collect::<Vec<_>>();
    assert_eq!(lines.len(), 1, "{err}");
    assert!(lines[0].contains("--data DIR"), "{err}");
}

#[test]
fn an_answer_that_is_an_error_is_no_data() {
    let address = serve("404 Not Found", b"nothing here", 4);
    let (status, out, err) = davy_test(&content("missing", &address), &[]);
    assert_eq!(status, Some(0), "{out}{err}");
    assert!(out.contains("example log of Windows Event Log"), "{out}");
}

// The example holds a certificate that was exported; the search looks for one that was deleted.
#[test]
fn an_example_without_the_attack_is_no_failure() {
    let root = content("other", "https://nowhere.example/data/windows.log");
    let seed = root.join("detections/endpoint/windows_export_certificate.yml");
    let text = std::fs::read_to_string(&seed).unwrap();
    std::fs::write(&seed, text.replace("EventCode=1007", "EventCode=1004")).unwrap();
    let (status, out, err) = davy_test(&root, &["--offline", "--format", "json"]);
    assert_eq!(status, Some(0), "{out}{err}");
    let tested: serde_json::Value = serde_json::from_str(&out).unwrap();
    for kind in ["unit", "integration"] {
        assert_eq!(tested[0][kind][0]["status"], "not run", "{out}");
    }
    assert_eq!(tested[0]["passed"], false, "{out}");
    assert!(out.contains("the recorded data is not at hand; the search gave 0 results"), "{out}");
    assert!(err.contains("1 detection tested, 0 passed, 0 failed, 1 lacks its data"), "{err}");
}
