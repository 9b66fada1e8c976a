//! The memory of a large upload.

use bytes::Bytes;

use super::faults::answered_like_s3;
use super::proxy::Proxy;
use super::server::{bucket, uploads};
use super::stream_of;
use crate::testing;
use crate::upload::UploadContent;

static MEBIBYTE: [u8; 1 << 20] = [7; 1 << 20];

/// Returns the largest number of bytes that are allocated at the same time while a stream is uploaded.
fn peak(mebibytes: usize) -> u64 {
    let proxy = Proxy::start("", |request, _| answered_like_s3(request));
    let uploads = uploads();
    let url = proxy.url();
    let measured = allocation_counter::measure(|| {
        // All tasks run on this thread, whose allocations are counted.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (context, _job) = testing::context();
            let items = (0..mebibytes).map(|_| Ok::<_, String>(Bytes::from_static(&MEBIBYTE)));
            let stream = UploadContent::stream(stream_of(items));
            let upload = context.upload("stream.bin", stream).to(bucket(&url));
            assert_eq!(
                upload.with(&uploads).await.unwrap().len(),
                (mebibytes as u64) << 20
            );
        });
    });
    measured.bytes_max
}

#[test]
fn the_memory_of_an_upload_does_not_depend_on_its_size() {
    let (small, large) = (peak(80), peak(320));
    // Eight parts of 5 MiB are sent, and one is read. A buffer that grows exists twice for a moment.
    let bound = (12 * 5) << 20;
    assert!(small < bound && large < bound, "{small} and {large} bytes");
}
