// The owner of one AVDictionary of options on its way into FFmpeg.
import CFFmpeg
import Model

struct OptionDictionary: ~Copyable {
    var raw: OpaquePointer?

    init(_ values: [String: String] = [:]) {
        raw = nil
        for (key, value) in values { self[key] = value }
    }

    deinit {
        var pointer = raw
        av_dict_free(&pointer)
    }

    subscript(key: String) -> String? {
        get { av_dict_get(raw, key, nil, 0).flatMap { text($0.pointee.value) ?? "" } }
        set { av_dict_set(&raw, key, newValue, 0) }
    }

    /// Sets a value that an explicit one overrides.
    mutating func setDefault(_ key: String, _ value: String) {
        av_dict_set(&raw, key, value, AV_DICT_DONT_OVERWRITE)
    }

    /// Throws for the first of `asked` that FFmpeg did not take.
    borrowing func refuseLeftovers(of asked: [String: String], what: String) throws(SluiceError) {
        for key in asked.keys.sorted() where av_dict_get(raw, key, nil, 0) != nil {
            throw SluiceError(
                .usage, what, why: "FFmpeg does not know the option \"\(key)\" here",
                hint: "see ffmpeg -h full for the options of formats and protocols")
        }
    }
}
