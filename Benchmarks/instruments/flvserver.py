#!/usr/bin/python3
"""A server of HTTP-FLV with a cache, for lack of one among Debian's packages: takes one FLV stream on standard input and
gives it to whoever asks: /cached.flv begins with everything since the last key frame, /live.flv with the next packet.

  ffmpeg … -f flv - | flvserver.py      prints the port it listens on
"""
import argparse, asyncio, sys


def is_video(tag):
    return tag[0] == 9


def is_configuration(tag):
    """onMetaData, or the sequence header of AVC or AAC."""
    return tag[0] == 18 or (is_video(tag) and tag[12] == 0) or (tag[0] == 8 and tag[11] >> 4 == 10 and tag[12] == 0)


def is_key_frame(tag):
    return is_video(tag) and tag[11] >> 4 == 1 and tag[12] == 1


class Stream:
    def __init__(self):
        self.header, self.configuration, self.group = b"", {}, []
        self.viewers = set()

    async def read(self, reader):
        self.header = await reader.readexactly(13)
        while True:
            try:
                tag = await reader.readexactly(11)
                tag += await reader.readexactly(int.from_bytes(tag[1:4], "big") + 4)
            except asyncio.IncompleteReadError:
                return
            if is_configuration(tag):
                self.configuration[tag[0]] = tag
            elif is_key_frame(tag):
                self.group = [tag]
            elif self.group:
                self.group.append(tag)
            for viewer in list(self.viewers):
                viewer.give(tag)


class Viewer:
    def __init__(self, writer, stream, cached):
        self.writer = writer
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nConnection: close\r\n\r\n" + stream.header)
        for tag in stream.configuration.values():
            writer.write(tag)
        for tag in stream.group if cached else []:
            writer.write(tag)

    def give(self, tag):
        self.writer.write(tag)


async def serve():
    stream = Stream()

    async def accept(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        viewer = Viewer(writer, stream, cached=request.startswith(b"GET /cached.flv"))
        stream.viewers.add(viewer)
        await reader.read()
        stream.viewers.discard(viewer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    media = asyncio.StreamReader(limit=1 << 22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(media), sys.stdin)
    await stream.read(media)


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
