// How often the tests with damaged input go round.
import Glibc

/// `usual` rounds in every run; fifty times as many, from other seeds, in the nightly one.
func rounds(_ usual: Int) -> Int { isNightly ? usual * 50 : usual }

/// `SLUICE_LONG` is set by `make nightly`.
let isNightly = getenv("SLUICE_LONG") != nil
