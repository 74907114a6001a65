//! Bytes that no honest writer gives, for the tests of every reader, and the real files.

use std::path::PathBuf;

/// A small generator of reproducible numbers (`SplitMix64`, Steele et al. 2014).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// Every prefix of `fixture` and 2,000 copies with one to four bits flipped. `read` must return.
pub(crate) fn prefixes_and_flips(fixture: &[u8], mut read: impl FnMut(&[u8])) {
    assert!(fixture.len() <= 4096, "{} bytes", fixture.len());
    for end in 0..fixture.len() {
        read(&fixture[..end]);
    }
    let mut numbers = Numbers(20_170_807);
    for _ in 0..2_000 {
        let mut bytes = fixture.to_vec();
        for _ in 0..=numbers.below(4) {
            let place = numbers.below(bytes.len());
            bytes[place] ^= 1 << numbers.below(8);
        }
        read(&bytes);
    }
}

/// 200 prefixes of a real file at random lengths.
pub(crate) fn random_prefixes(file: &[u8], mut read: impl FnMut(&[u8])) {
    let mut numbers = Numbers(20_251_122);
    for _ in 0..200 {
        read(&file[..numbers.below(file.len())]);
    }
}

/// A file of the real data, `None` where there is none on this machine.
pub(crate) fn real_file(test: &str, path: &str) -> Option<Vec<u8>> {
    #[expect(clippy::disallowed_methods, reason = "the tests find the real data by this name")]
    let Some(folder) = std::env::var_os("JOMO_REAL_DATA") else {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: {test}: JOMO_REAL_DATA is not set");
        }
        return None;
    };
    let path = PathBuf::from(folder).join(path);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
