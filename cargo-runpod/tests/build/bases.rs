//! Base images in the formats that registries have.

use std::fs;

use serde_json::Value;

use crate::command::{WORKER, a_crate, build, refused, text};
use crate::push::noise;
use crate::registry::{Registry, base_with, tool};

const ZSTD: &[&str] = &["--dest-compress-format=zstd"];

fn raw(registry: &Registry, name: &str) -> String {
    let image = format!("docker://{}", registry.name(name));
    tool(
        "skopeo",
        &["inspect", "--raw", "--tls-verify=false", &image],
    )
}

fn manifest(registry: &Registry, name: &str) -> Value {
    serde_json::from_str(&raw(registry, name)).unwrap()
}

#[test]
fn the_layers_of_a_base_keep_their_format_whatever_it_is() {
    let (registry, other) = (Registry::start(), Registry::start());
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("data"), noise(1 << 20)).unwrap();
    let oci = "application/vnd.oci.image.manifest.v1+json";
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    for (repository, copy, of_manifest, of_layer) in [
        (
            "zstd",
            ZSTD,
            oci,
            "application/vnd.oci.image.layer.v1.tar+zstd",
        ),
        (
            "docker",
            &["--format=v2s2"],
            docker,
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
        ),
    ] {
        let name = format!("base/{repository}:1");
        base_with(&registry, &name, files.path(), "/opt", &[], copy);
        let of_base = manifest(&registry, &name);
        let layer = &of_base["layers"][0];
        assert_eq!(layer["mediaType"], of_layer);
        let folder = a_crate("", WORKER);
        for target in [&registry, &other] {
            let to = format!("me/{repository}:1");
            let base = registry.name(&name);
            let pushed = target.name(&to);
            let arguments = [
                "--profile=dev",
                "--static",
                "--base",
                &base,
                "--push",
                &pushed,
            ];
            let output = build(folder.path(), &arguments);
            assert!(output.status.success(), "{}", text(&output.stderr));
            let ours = manifest(target, &to);
            assert_eq!(ours["mediaType"], of_manifest);
            assert_eq!(&ours["layers"][0], layer, "the base's layer was changed");
            // umoci and skopeo read all layers. Old versions of umoci read no zstd.
            let layout = folder.path().join(format!("unpacked-{}", target.host));
            let image = format!("oci:{}:it", layout.display());
            let from = format!("docker://{pushed}");
            let gzip = "--dest-compress-format=gzip";
            tool(
                "skopeo",
                &["copy", "--src-tls-verify=false", gzip, &from, &image],
            );
            let bundle = layout.join("bundle");
            let image = format!("{}:it", layout.display());
            let bundle_name = bundle.to_str().unwrap();
            tool(
                "umoci",
                &["unpack", "--rootless", "--image", &image, bundle_name],
            );
            for file in ["rootfs/opt/data", "rootfs/app/worker"] {
                assert!(bundle.join(file).is_file(), "{repository}: {file}");
            }
        }
    }
}

#[test]
fn a_base_with_a_layer_of_an_unknown_type_is_refused_before_the_build() {
    let registry = Registry::start();
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("data"), "to be").unwrap();
    base_with(&registry, "base/data:1", files.path(), "/opt", &[], &[]);
    let folder = a_crate("", WORKER);
    let known = raw(&registry, "base/data:1");
    let known_type = "application/vnd.oci.image.layer.v1.tar+gzip";
    for (tag, unknown) in [
        (
            "encrypted",
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        ),
        (
            "elsewhere",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ),
    ] {
        assert!(known.contains(known_type), "{known}");
        let of = "application/vnd.oci.image.manifest.v1+json";
        registry.put_manifest(
            &format!("base/data:{tag}"),
            of,
            &known.replace(known_type, unknown),
        );
        let said = refused(
            folder.path(),
            &["--base", &registry.name(&format!("base/data:{tag}"))],
        );
        assert!(
            said.contains(&format!("has the type {unknown:?}")),
            "{said}"
        );
        assert!(said.contains("expected a tar archive"), "{said}");
    }
}
