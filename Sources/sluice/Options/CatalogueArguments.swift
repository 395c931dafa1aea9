// What `record` does with recordings that are there already.
import ArgumentParser
import Model

struct CatalogueArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "List the recordings of a directory; an operand names one of them.", valueName: "dir"),
        completion: .directory, transform: DirectoryArgument.parse)
    var list: String?

    @Option(
        help: ArgumentHelp(
            "Close the files of a directory that a crash has left open.", valueName: "dir"),
        completion: .directory, transform: DirectoryArgument.parse)
    var repair: String?
}
