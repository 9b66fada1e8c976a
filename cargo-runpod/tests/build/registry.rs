//! A registry that demands a login, a proxy in front of a registry that makes faults, and base images.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

pub(crate) use crate::real_registry::{Registry, digest, tool};

/// The user of a registry that demands a login, and the password.
pub(crate) const USER: &str = "ada";
pub(crate) const PASSWORD: &str = "correct horse";

impl Registry {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    pub(crate) fn with_login() -> Self {
        Self::with("auth: {htpasswd: {realm: test, path: FILE}}\n")
    }

    /// Puts a manifest as it is.
    pub(crate) fn put_manifest(&self, name: &str, of: &str, manifest: &str) {
        let (repository, tag) = name.split_once(':').unwrap();
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(
            stream,
            "PUT /v2/{repository}/manifests/{tag} HTTP/1.1\r\nHost: {}\r\nContent-Type: {of}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{manifest}",
            self.host,
            manifest.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

/// Makes a base image with umoci, and copies it to the registry with skopeo.
pub(crate) fn base(registry: &Registry, name: &str, files: &Path, at: &str, more: &[&str]) {
    base_with(registry, name, files, at, more, &[]);
}

/// The same, with further arguments of `skopeo copy`.
pub(crate) fn base_with(
    registry: &Registry,
    name: &str,
    files: &Path,
    at: &str,
    more: &[&str],
    copy: &[&str],
) {
    let room = tempfile::tempdir().unwrap();
    let layout = room.path().join("base");
    let layout = layout.to_str().unwrap();
    let image = format!("{layout}:it");
    tool("umoci", &["init", "--layout", layout]);
    tool("umoci", &["new", "--image", &image]);
    // `umoci insert` writes archives without their end, which no other tool reads.
    let tree = room.path().join("tree");
    let place = tree.join(at.trim_start_matches('/'));
    fs::create_dir_all(&place).unwrap();
    for entry in fs::read_dir(files).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), place.join(entry.file_name())).unwrap();
        }
    }
    let layer = room.path().join("layer.tar");
    let layer = layer.to_str().unwrap();
    tool("tar", &["-cf", layer, "-C", tree.to_str().unwrap(), "."]);
    tool("umoci", &["raw", "add-layer", "--image", &image, layer]);
    let mut config = vec!["config", "--image", &image, "--os=linux"];
    config.extend(more);
    if more.is_empty() {
        config.push("--architecture=amd64");
    }
    tool("umoci", &config);
    let to = format!("docker://{}", registry.name(name));
    let (from, to_tls) = (format!("oci:{image}"), "--dest-tls-verify=false");
    tool("skopeo", &[&["copy", to_tls], copy, &[&from, &to]].concat());
}

/// What a proxy does with a request.
pub(crate) enum Act {
    Pass,
    /// Passes the head and this number of bytes of the body, and closes the connection.
    Cut(u64),
    /// Passes this head instead, without the body.
    PassHead(String),
    /// Answers with this status and passes nothing.
    Answer(&'static str),
    /// Reads the request and never answers.
    Hold,
}

/// Starts a proxy in front of a registry, and returns its address. `act` gets the head of each request.
pub(crate) fn proxy(
    registry: &Registry,
    act: impl Fn(&str) -> Act + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (upstream, act) = (registry.host.clone(), Arc::new(act));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (upstream, act) = (upstream.clone(), Arc::clone(&act));
            std::thread::spawn(move || {
                // A connection that breaks is an end like any other.
                let _ = one_request(client, &upstream, &*act);
            });
        }
    });
    host
}

fn one_request(
    client: TcpStream,
    upstream: &str,
    act: &(dyn Fn(&str) -> Act + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 2 {}
    let length = length(&head);
    let mut client = client;
    let mut passed_head = None;
    let passed = match act(&head) {
        Act::Pass => length,
        Act::PassHead(other) => {
            std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
            passed_head = Some(other);
            0
        }
        Act::Cut(bytes) => bytes.min(length),
        Act::Answer(status) => {
            std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
            write!(
                client,
                "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )?;
            return Ok(());
        }
        Act::Hold => {
            std::io::copy(&mut reader, &mut std::io::sink())?;
            return Ok(());
        }
    };
    let mut server = TcpStream::connect(upstream)?;
    // One request for each connection.
    let is_cut = passed < length && passed_head.is_none();
    let head = passed_head.unwrap_or(head);
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(head.as_bytes())?;
    std::io::copy(&mut reader.take(passed), &mut server)?;
    if is_cut {
        server.shutdown(Shutdown::Both)?;
        return client.shutdown(Shutdown::Both);
    }
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// The length of a request's body.
pub(crate) fn length(head: &str) -> u64 {
    let mut lines = head.lines().map(str::to_ascii_lowercase);
    let length = lines.find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.unwrap_or(0)
}
