// Exit statuses, the only place where they exist: from the reason of an error to a number (sysexits where
// one fits).
import Model

enum ExitStatus {
    static let success: Int32 = 0
    static let usage: Int32 = 64
    static let inputOutput: Int32 = 74

    static func of(_ error: SluiceError) -> Int32 {
        switch error.reason {
        case .verdictFail: 3
        case .usage: usage
        case .corrupt, .unsupportedCodec, .noMedia: 65
        case .noInput: 66
        case .unknownHost: error.isMidStream ? inputOutput : 68
        case .refused, .unreachable, .notLive: error.isMidStream ? inputOutput : 69
        case .noApp, .nameInUse, .alreadyStreaming, .quota: 69
        case .internal: 70
        case .cannotCreate, .noSpace: error.isMidStream ? inputOutput : 73
        case .connectionLost: inputOutput
        case .timeout, .serverError: error.isMidStream ? inputOutput : 75
        case .denied, .expired, .badSignature, .tls: 77
        case .config, .portInUse: 78
        }
    }
}
