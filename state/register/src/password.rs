//! Passwords: argon2id, always the same work.

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;

use crate::error::RegisterError;
use crate::secret::{from_hex, random, to_hex};

/// Least and most characters of a password. NIST SP 800-63B-4 asks for at least 15 where a
/// password stands alone; offices with a second factor at the door accept 12. The upper end
/// bounds the work on hostile input.
pub(crate) const LENGTH: [usize; 2] = [12, 256];

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What a password costs to hash and to guess: argon2id with one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl PasswordCost {
    /// 19 MiB and two passes, the least that the OWASP Password Storage Cheat Sheet names for
    /// argon2id with one lane. RFC 9106 section 4 recommends 64 MiB, three passes and four
    /// lanes where memory is plenty; sign-ins here wait for each other on one thread, so a
    /// sign-in must not keep the others for long.
    pub const OFFICE: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    /// The cheapest that argon2 accepts: for tests, never for an office.
    pub const CHEAPEST: Self = Self { memory_kib: Params::MIN_M_COST, passes: 1 };

    fn hash(self, password: &str, salt: &[u8]) -> Result<[u8; HASH_BYTES], RegisterError> {
        let fault = |error: argon2::Error| RegisterError::damaged(format!("argon2: {error}"));
        let params = Params::new(self.memory_kib, self.passes, 1, Some(HASH_BYTES));
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(fault)?);
        let mut hash = [0; HASH_BYTES];
        argon2.hash_password_into(password.as_bytes(), salt, &mut hash).map_err(fault)?;
        Ok(hash)
    }
}

/// Refuses a password of the wrong length.
pub(crate) fn check(password: &str) -> Result<(), RegisterError> {
    let [least, most] = LENGTH;
    // Bytes bound characters from above: a hostile text is not counted through.
    let fits = password.len() <= most * 4 && (least..=most).contains(&password.chars().count());
    if fits { Ok(()) } else { Err(RegisterError::Password { least, most }) }
}

/// `argon2id$<memory in KiB>$<passes>$<salt>$<hash>`, the last two in hexadecimal digits.
pub(crate) fn sealed(password: &str, cost: PasswordCost) -> Result<String, RegisterError> {
    let salt = random::<SALT_BYTES>()?;
    let hash = cost.hash(password, &salt)?;
    let PasswordCost { memory_kib, passes } = cost;
    Ok(format!("argon2id${memory_kib}${passes}${}${}", to_hex(&salt), to_hex(&hash)))
}

/// Whether `password` is the one of `stored`. Without a stored one, the same work is done for
/// nothing: time tells nobody which logins exist.
pub(crate) fn verify(
    password: &str,
    stored: Option<&str>,
    cost: PasswordCost,
) -> Result<bool, RegisterError> {
    let known = stored.map(parse).transpose()?;
    let (cost, salt, expected) = known.unwrap_or((cost, [0; SALT_BYTES], [0; HASH_BYTES]));
    let password = if check(password).is_ok() { password } else { "" };
    let same = cost.hash(password, &salt)?.ct_eq(&expected);
    Ok(stored.is_some() && !password.is_empty() && bool::from(same))
}

type Parsed = (PasswordCost, [u8; SALT_BYTES], [u8; HASH_BYTES]);

fn parse(stored: &str) -> Result<Parsed, RegisterError> {
    let parts: Vec<&str> = stored.split('$').collect();
    let parsed = match parts.as_slice() {
        ["argon2id", memory, passes, salt, hash] => (|| {
            let cost =
                PasswordCost { memory_kib: memory.parse().ok()?, passes: passes.parse().ok()? };
            // A damaged row must not ask for all memory or for hours.
            let bounded = cost.memory_kib <= 1 << 20 && cost.passes <= 64;
            bounded.then_some(())?;
            Some((cost, from_hex(salt)?, from_hex(hash)?))
        })(),
        _ => None,
    };
    parsed.ok_or_else(|| RegisterError::damaged("a credential is not one of argon2id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost::CHEAPEST;

    #[test]
    fn only_the_password_itself_is_accepted() {
        let stored = sealed("correct horse battery", CHEAP).unwrap();
        assert!(verify("correct horse battery", Some(&stored), CHEAP).unwrap());
        for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"]
        {
            assert!(!verify(wrong, Some(&stored), CHEAP).unwrap(), "{wrong:?}");
        }
        assert!(!verify("correct horse battery", None, CHEAP).unwrap());
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        let one = sealed("correct horse battery", CHEAP).unwrap();
        assert_ne!(one, sealed("correct horse battery", CHEAP).unwrap());
    }

    /// Test vector of RFC 9106 has secret and data, which this use has not: this one is from
    /// the reference implementation (`echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
    /// -l 32`, its test.c).
    #[test]
    fn the_hash_is_that_of_the_reference_implementation() {
        let cost = PasswordCost { memory_kib: 65_536, passes: 2 };
        let hash = cost.hash("password", b"somesalt").unwrap();
        let expected = "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7";
        assert_eq!(to_hex(&hash), expected);
    }

    #[test]
    fn hostile_rows_are_refused() {
        for stored in ["", "argon2id", "argon2id$4294967295$1$00$00", "argon2id$8$0$$", "x$8$1$$"] {
            assert!(verify("correct horse battery", Some(stored), CHEAP).is_err(), "{stored}");
        }
    }
}
