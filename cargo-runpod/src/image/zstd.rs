//! Reads layers that are compressed with zstd. Such a layer may consist of several frames, and of frames that are to be
//! skipped, as tools write them that fetch single files of a layer.

use std::io::{self, BufRead as _, BufReader, Read};

use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

/// The first bytes of a frame with content.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first bytes of a frame to skip, after a byte from 0x50 to 0x5f.
const SKIPPED: [u8; 3] = [0x2a, 0x4d, 0x18];

/// Tells whether a layer that begins with these bytes is compressed with zstd.
pub(super) fn is_start(bytes: [u8; 4]) -> bool {
    bytes == MAGIC || bytes[0] & 0xf0 == 0x50 && bytes[1..] == SKIPPED
}

pub(super) struct Decoder<R: Read> {
    state: State<R>,
}

enum State<R: Read> {
    Between(BufReader<R>),
    Inside(Box<StreamingDecoder<BufReader<R>, FrameDecoder>>),
    /// The source has ended or has failed.
    Over,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            state: State::Between(BufReader::new(source)),
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Over) {
                State::Inside(mut frame) => {
                    let length = frame.read(buffer)?;
                    if length > 0 || buffer.is_empty() {
                        self.state = State::Inside(frame);
                        return Ok(length);
                    }
                    State::Between(frame.into_inner())
                }
                State::Between(source) => match next_frame(source)? {
                    Some(source) => {
                        let frame = StreamingDecoder::new(source).map_err(io::Error::other)?;
                        State::Inside(Box::new(frame))
                    }
                    None => return Ok(0),
                },
                State::Over => return Ok(0),
            };
        }
    }
}

/// Skips to the next frame with content. Returns `None` at the end.
fn next_frame<R: Read>(mut source: BufReader<R>) -> io::Result<Option<BufReader<R>>> {
    loop {
        let first = source.fill_buf()?.first().copied();
        match first {
            None => return Ok(None),
            Some(byte) if byte & 0xf0 != 0x50 => return Ok(Some(source)),
            Some(_) => {}
        }
        let mut head = [0; 8];
        source.read_exact(&mut head)?;
        if head[1..4] != SKIPPED {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it has a frame of an unknown kind",
            ));
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let skipped = io::copy(&mut (&mut source).take(length.into()), &mut io::sink())?;
        if skipped < length.into() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn frame(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    fn read(source: &[u8]) -> io::Result<String> {
        io::read_to_string(Decoder::new(source))
    }

    #[test]
    fn all_frames_are_read_and_those_without_content_are_skipped() {
        let skipped = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let all = [
            &skipped[..],
            &frame("to be "),
            &skipped,
            &frame("or not"),
            &skipped,
        ]
        .concat();
        assert!(frame("").starts_with(&MAGIC));
        assert_eq!(read(&all).unwrap(), "to be or not");
        assert_eq!(read(&[]).unwrap(), "");
    }

    #[test]
    fn a_source_that_is_cut_or_something_else_is_an_error() {
        let whole = frame("to be or not to be");
        for end in 1..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        assert!(read(&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, b'a']).is_err());
        assert!(read(b"\x50 is not a frame").is_err());
        assert!(read(b"neither is this").is_err());
    }
}
