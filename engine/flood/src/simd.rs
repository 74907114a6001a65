//! The widest vectors of the machine, chosen at run time.

/// Runs a computation with 256-bit vectors where the processor has them.
///
/// The code is the same and so are its results: no operation is fused or reordered, only more
/// lanes go at once. Everything that is called must be inlined to profit.
#[inline(always)]
#[expect(unsafe_code, reason = "a function with a processor feature is called after asking for it")]
pub(crate) fn widest<T>(compute: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn wide<T>(compute: impl FnOnce() -> T) -> T {
            compute()
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just asked for the only feature that `wide` needs.
            return unsafe { wide(compute) };
        }
    }
    compute()
}
