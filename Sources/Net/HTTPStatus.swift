// What a status line other than 2xx means to somebody who wants a stream.
import Model
import NIOHTTP1

enum HTTPStatus {
    /// - Parameter body: the beginning of the answer's body, searched for the words that services use.
    static func error(
        _ status: HTTPResponseStatus, body: String, what: String, location: HTTPLocation
    ) -> SluiceError {
        let line = "the server answered \(status.code) \(status.reasonPhrase)"
        let text = body.lowercased()
        let code = ServiceCode.find(in: body)
        switch status.code {
        case 401, 403, 407:
            if text.contains("expired") {
                return SluiceError(
                    .expired, what, why: "\(line): the address has expired", hint: "ask for a new address",
                    serviceCode: code)
            }
            if text.contains("signature") || text.contains("bad sign") {
                return SluiceError(
                    .badSignature, what, why: "\(line): the address's signature is wrong",
                    hint: "check the key and the expiry time the address was signed with", serviceCode: code)
            }
            let hint =
                switch status.code {
                case 401: "give user:password@ in the URL, or --header 'Authorization: …'"
                case 407: "give user:password@ in the proxy's URL"
                default: "the server may want a signed address, a token or a Referer header"
                }
            return SluiceError(.denied, what, why: line, hint: hint, serviceCode: code)
        case 404, 410:
            return SluiceError(
                .notLive, what, why: line, hint: "is the stream live, and is its name right?", serviceCode: code)
        case 408:
            return SluiceError(.timeout, what, why: line, hint: "try again later", serviceCode: code)
        case 429, 500...:
            return SluiceError(.serverError, what, why: line, hint: "try again later", serviceCode: code)
        case 300..<400:
            return SluiceError(.notLive, what, why: "\(line) and does not say where to go", serviceCode: code)
        default:
            return SluiceError(
                ServiceCode.isAccount(code) ? .denied : .notLive, what, why: line, serviceCode: code)
        }
    }
}

/// The numeric codes that the live service puts into its texts.
enum ServiceCode {
    /// Not opened, in arrears, no such account: nothing a retry could change.
    static func isAccount(_ code: Int?) -> Bool { code == 20318 || code == 20406 || code == 1002 }

    static func find(in text: String) -> Int? {
        for word in text.split(whereSeparator: { !$0.isNumber }) where word.count >= 4 && word.count <= 8 {
            if let code = Int(word), [40_000_415, 40_000_412, 40_000_500, 20101, 6012, 20318, 20406].contains(code)
            {
                return code
            }
        }
        return nil
    }
}
