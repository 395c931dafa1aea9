// The readers of bytes: `fuzz TARGET [options of libFuzzer] CORPUS…`.
import Driver
import WireFuzz

@main enum Entry {
    static func main() {
        Driver.run(FuzzTarget.allCases.map(\.rawValue)) { name in
            FuzzTarget(rawValue: name).map { target in { target.read($0) } }
        }
    }
}
