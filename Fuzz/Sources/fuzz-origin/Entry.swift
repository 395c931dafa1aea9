// The origin's HTTP: `fuzz-origin http [options of libFuzzer] CORPUS…`.
import Driver
import OriginFuzz

@main enum Entry {
    static func main() {
        let origin = HTTPFuzz()
        Driver.run(["http"]) { $0 == "http" ? { origin.read($0) } : nil }
    }
}
