use proptest::prelude::*;

use super::*;

fn frames() -> Vec<Frame> {
    let block = Bytes::from_static(b"block");
    vec![
        Frame::SynStream { stream: 1, fin: false, block: block.clone() },
        Frame::SynReply { stream: 1, fin: true, block: block.clone() },
        Frame::Headers { stream: 3, fin: false, block },
        Frame::Reset { stream: 5, status: 5 },
        Frame::Ping(7),
        Frame::GoAway { last: 9 },
        Frame::Data { stream: 1, fin: false, bytes: Bytes::from_static(b"hello") },
        Frame::Data { stream: 1, fin: true, bytes: Bytes::new() },
    ]
}

fn decode_all(decoder: &mut Decoder, input: &mut BytesMut) -> Vec<Frame> {
    std::iter::from_fn(|| decoder.decode(input).unwrap()).collect()
}

#[test]
fn frames_are_bytes_of_the_draft() {
    let mut out = BytesMut::new();
    Frame::Ping(1).write(&mut out);
    Frame::Data { stream: 5, fin: true, bytes: Bytes::from_static(b"ab") }.write(&mut out);
    assert_eq!(out[..12], [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]);
    assert_eq!(out[12..], [0, 0, 0, 5, 1, 0, 0, 2, b'a', b'b']);
}

#[test]
fn every_frame_comes_back() {
    let mut out = BytesMut::new();
    frames().iter().for_each(|frame| frame.write(&mut out));
    assert_eq!(decode_all(&mut Decoder::default(), &mut out), frames());
}

#[test]
fn data_is_handed_on_before_its_frame_is_complete() {
    let mut out = BytesMut::new();
    Frame::Data { stream: 1, fin: true, bytes: Bytes::from(vec![7; 100]) }.write(&mut out);
    let mut rest = out.split_off(60);
    let mut decoder = Decoder::default();
    let first = decode_all(&mut decoder, &mut out);
    assert_eq!(first, [Frame::Data { stream: 1, fin: false, bytes: Bytes::from(vec![7; 52]) }]);
    let second = decode_all(&mut decoder, &mut rest);
    assert_eq!(second, [Frame::Data { stream: 1, fin: true, bytes: Bytes::from(vec![7; 48]) }]);
}

#[test]
fn what_is_no_frame_is_refused() {
    let refused = |bytes: &[u8]| Decoder::default().decode(&mut BytesMut::from(bytes)).unwrap_err();
    assert_eq!(refused(&[0x80, 2, 0, 6, 0, 0, 0, 4]), FrameError::Version(2));
    assert_eq!(refused(&[0x80, 3, 0, 1, 0, 0xff, 0, 0]), FrameError::Length(0xff0000));
    assert_eq!(refused(&[0x80, 3, 0, 6, 0, 0, 0, 3, 1, 2, 3]), FrameError::Length(3));
    let settings = [0x80, 3, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0];
    assert_eq!(decode_all(&mut Decoder::default(), &mut BytesMut::from(&settings[..])), [Frame::Other(4)]);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_end(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8)) {
        let (mut decoder, mut input) = (Decoder::default(), BytesMut::new());
        let total: usize = pieces.iter().map(Vec::len).sum();
        let mut seen = 0;
        'all: for piece in &pieces {
            input.extend_from_slice(piece);
            loop {
                match decoder.decode(&mut input) {
                    Ok(Some(_)) => seen += 1,
                    Ok(None) => break,
                    Err(_) => break 'all,
                }
            }
        }
        prop_assert!(seen <= total / 4 + pieces.len());
    }
}
