// Checks the text of a filter graph before any media flows, so that a typing error is told at once and by name.
import CFFmpeg
import Model

enum FilterDescription {
    /// - Throws: `usage`.
    static func validate(_ description: String) throws(SluiceError) {
        let what = "cannot use the filter \"\(description)\""
        for name in names(in: description) where avfilter_get_by_name(name) == nil {
            throw SluiceError(
                .usage, what, why: "there is no filter \"\(name)\"", hint: "ffmpeg -filters lists them all")
        }
        var graph = avfilter_graph_alloc()
        var inputs: UnsafeMutablePointer<AVFilterInOut>?
        var outputs: UnsafeMutablePointer<AVFilterInOut>?
        defer {
            avfilter_inout_free(&inputs)
            avfilter_inout_free(&outputs)
            avfilter_graph_free(&graph)
        }
        guard graph != nil else { throw FFmpegFailure.outOfMemory(what) }
        let status = avfilter_graph_parse2(graph, description, &inputs, &outputs)
        guard status >= 0 else {
            throw SluiceError(
                .usage, what,
                why: status == SLUICE_ERROR_OPTION_NOT_FOUND ? "unknown option" : "it cannot be understood",
                hint: "the syntax is that of ffmpeg -vf and -af", code: Int(status))
        }
        guard count(inputs) == 1, count(outputs) == 1 else {
            throw SluiceError(.usage, what, why: "it must have exactly one input and one output")
        }
    }

    private static func count(_ list: UnsafeMutablePointer<AVFilterInOut>?) -> Int {
        var count = 0
        var entry = list
        while let current = entry {
            count += 1
            entry = current.pointee.next
        }
        return count
    }

    /// The filters' names: what stands at the start of each part, after labels in brackets.
    static func names(in description: String) -> [String] {
        var names: [String] = []
        var current = ""
        var isInName = true
        var isQuoted = false
        var isEscaped = false
        var isLabel = false
        func close() {
            let name = current.filter { !$0.isWhitespace }
            if !name.isEmpty { names.append(name) }
            current = ""
        }
        for character in description {
            if isEscaped {
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "'" {
                isQuoted.toggle()
            } else if isQuoted {
                continue
            } else if isLabel {
                isLabel = character != "]"
            } else if character == "[" {
                isLabel = true
            } else if character == "," || character == ";" {
                close()
                isInName = true
            } else if isInName, character == "=" || character == "@" {
                isInName = false
            } else if isInName {
                current.append(character)
            }
        }
        close()
        // "sws_flags=…;" may lead a description; it is no filter.
        return names.filter { $0 != "sws_flags" }
    }
}
