//! AES-256-GCM, with the buffers handled so that no clear text is left behind.

use crate::VaultError;
use crate::secret::{Secret, fill_random};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

pub(crate) const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;

/// `nonce || ciphertext || tag` under a fresh random nonce.
///
/// With random 96-bit nonces one key may seal at most 2^32 messages (NIST SP 800-38D, 8.3: a repeat stays
/// below 2^-32). A data key seals one borrower's few items and a master key wraps one data key per borrower,
/// so both stay far below it; a platform nearing four billion borrowers rotates its master key first.
pub(crate) fn seal(key: &Secret, aad: &[u8], clear: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce)?;
    Ok(seal_with_nonce(key, nonce, aad, clear))
}

fn seal_with_nonce(key: &Secret, nonce: [u8; NONCE_BYTES], aad: &[u8], clear: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(NONCE_BYTES + clear.len() + TAG_BYTES);
    sealed.extend_from_slice(&nonce);
    // Encrypted where it lies: the buffer has its final size, so no reallocation leaves clear text in freed
    // memory.
    sealed.extend_from_slice(clear);
    let tag = cipher(key)
        .encrypt_inout_detached(&Nonce::from(nonce), aad, (&mut sealed[NONCE_BYTES..]).into())
        .expect("the clear text is far below the cipher's limit of 64 GiB");
    sealed.extend_from_slice(&tag);
    sealed
}

/// The clear text, or `None` when key, `aad` or any byte differs from what was sealed.
pub(crate) fn open(key: &Secret, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut clear = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .decrypt_inout_detached(&Nonce::from(*nonce), aad, clear.as_mut_slice().into(), &(*tag).into())
        .ok()?;
    Some(clear)
}

fn cipher(key: &Secret) -> Aes256Gcm {
    Aes256Gcm::new(key.bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mac::tests::unhex;

    /// Test cases 13–16 of the GCM specification (McGrew and Viega): key, nonce, aad, clear, ciphertext, tag.
    const VECTORS: [[&str; 6]; 4] = [
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000",
            "",
            "",
            "",
            "530f8afbc74536b9a963b4f1c4cb738b",
        ],
        [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "000000000000000000000000",
            "",
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919",
        ],
        [
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            "b094dac5d93471bdec1a502270e3cc6c",
        ],
        [
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ],
    ];

    #[test]
    fn known_answers() {
        for vector in VECTORS {
            let [key, nonce, aad, clear, ciphertext, tag] = vector.map(unhex);
            let key = Secret::copied_from(&key).unwrap();
            let sealed = seal_with_nonce(&key, nonce.as_slice().try_into().unwrap(), &aad, &clear);
            assert_eq!(sealed, [nonce, ciphertext, tag].concat());
            assert_eq!(*open(&key, &aad, &sealed).unwrap(), clear);
        }
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_noticed() {
        let key = Secret::random().unwrap();
        let sealed = seal(&key, b"aad", b"6222020000000000000").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, b"aad", &changed).is_none(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&key, b"aad", &sealed[..length]).is_none(), "length {length}");
        }
        assert!(open(&key, b"aae", &sealed).is_none());
        assert!(open(&Secret::random().unwrap(), b"aad", &sealed).is_none());
        assert!(open(&key, b"aad", &sealed).is_some());
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let key = Secret::random().unwrap();
        let sealed: std::collections::HashSet<_> =
            (0..1000).map(|_| seal(&key, b"", b"x").unwrap()).collect();
        assert_eq!(sealed.len(), 1000);
    }
}
