//! The widest vectors of the machine, chosen at run time.

/// Defines functions over rows, each compiled twice: for every processor of its family, and with
/// 256-bit vectors for those that have them.
///
/// Both do the same operations, none fused or reordered, so they give the same bits. They are real
/// functions: only of their arguments does the compiler know that rows which are written overlap
/// no other. (Inlined into the loop over a tile, every row was first checked for overlaps and
/// leftovers, which took a third of the time.)
macro_rules! rows {
    ($(
        $(#[$notes:meta])*
        $sight:vis fn $name:ident<$real:ident>($($given:ident: $kind:ty),* $(,)?) $body:block
    )*) => {$(
        $(#[$notes])*
        #[expect(unsafe_code, reason = "a function with a processor feature is called after asking for it")]
        #[allow(clippy::too_many_arguments, reason = "only arguments are known not to overlap")]
        #[inline]
        $sight fn $name<$real: crate::real::Real>($($given: $kind),*) {
            #[inline(never)]
            fn plain<$real: crate::real::Real>($($given: $kind),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                #[inline(never)]
                fn wide<$real: crate::real::Real>($($given: $kind),*) $body

                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor was just asked for the only feature that `wide` needs.
                    return unsafe { wide($($given),*) };
                }
            }
            plain($($given),*);
        }
    )*};
}

pub(crate) use rows;

/// The first `count` numbers of several rows.
///
/// A closure written in a function of [`rows`] itself would have its processor feature and could
/// not be inlined into `map`.
#[inline(always)]
pub(crate) fn firsts<R, const N: usize>(rows: [&[R]; N], count: usize) -> [&[R]; N] {
    rows.map(|row| &row[..count])
}
