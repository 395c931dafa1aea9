// Pages for a browser under test: one plays the feed by Media Source Extensions, the other leaves HLS to the browser.
// ADDRESS is the stream, TOLD where the page tells what it has seen: pictures, ms to the first, delay p50 and p95 in ms.

enum BrowserPages {
    /// Two source buffers of one fetch, routed by track; 0.15 s behind the edge.
    static let feed = #"""
        <video id="v" muted></video><canvas id="c" width="640" height="32"></canvas><script>
        const v = document.getElementById("v"), told = "TOLD", began = performance.now();
        const tell = (...words) => new Image().src = told + words.join("/") + "/";
        const size = (b, o) => new DataView(b.buffer, b.byteOffset).getUint32(o);
        const boxes = b => { const all = []; for (let o = 0; o + 8 <= b.length;) { const n = size(b, o); if (n < 8 || o
          + n > b.length) break;
          all.push([String.fromCharCode(...b.subarray(o + 4, o + 8)), b.subarray(o, o + n)]); o += n } return all };
        const inside = (b, name) => boxes(b.subarray(8)).filter(x => x[0] == name).map(x => x[1]);
        const box = (name, parts) => { const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 8)); new
          DataView(out.buffer).setUint32(0, out.length);
          for (let i = 0; i < 4; i++) out[4 + i] = name.charCodeAt(i); let o = 8; for (const p of parts) { out.set(p,
          o); o += p.length } return out };
        const join = (a, b) => { const out = new Uint8Array(a.length + b.length); out.set(a); out.set(b, a.length);
          return out };
        const number = trak => { const t = inside(trak, "tkhd")[0]; return size(t, t[8] == 1 ? 28 : 20) };
        const isVideo = trak => String.fromCharCode(...inside(inside(trak, "mdia")[0], "hdlr")[0].subarray(16, 20)) ==
          "vide";
        const only = (moov, id) => box("moov", boxes(moov.subarray(8)).filter(x => x[0] != "trak" || number(x[1]) ==
          id).map(x =>
          x[0] != "mvex" ? x[1] : box("mvex", boxes(x[1].subarray(8)).filter(y => y[0] != "trex" || size(y[1], 12) ==
          id).map(y => y[1]))));
        const delays = []; let first = 0, lines = {};
        const pump = l => { if (!l.buffer.updating && l.queue.length) l.buffer.appendBuffer(l.queue.shift()) };
        async function run() {
          const answer = await fetch("ADDRESS"), type = answer.headers.get("content-type"), codecs =
          type.match(/"(.*)"/)[1].split(",");
          const media = new MediaSource(); v.src = URL.createObjectURL(media); await new Promise(r =>
          media.onsourceopen = r);
          const reader = answer.body.getReader(); let rest = new Uint8Array(0), head = null, moof = null;
          setInterval(() => { if (!v.buffered.length) return; const end = v.buffered.end(v.buffered.length - 1), ahead
          = end - v.currentTime;
            if (!v.currentTime || ahead > 0.65 || ahead < 0) v.currentTime = end - 0.15;
            const off = ahead - 0.15; v.playbackRate = Math.abs(off) < 0.02 ? 1 : Math.min(1.1, Math.max(0.95, 1 + off
          / 2)) }, 100);
          for (;;) { const part = await reader.read(); if (part.done) return tell("ended", delays.length); rest =
          join(rest, part.value);
            let used = 0; for (const [name, b] of boxes(rest)) { used += b.length;
              if (name == "ftyp") head = b.slice();
              else if (name == "moov") { const moov = b.slice(); inside(moov, "trak").forEach((trak, i) => { const id =
          number(trak);
                  const kind = isVideo(trak) ? "video" : "audio", codec = codecs.find(c =>
          /^(avc1|hvc1|av01|vp)/.test(c) == (kind == "video"));
                  const l = lines[id] = { queue: [join(head, only(moov, id))], buffer: media.addSourceBuffer(kind +
          '/mp4; codecs="' + codec + '"') };
                  l.buffer.onupdateend = () => pump(l); l.buffer.onerror = () => tell("error", kind); pump(l) });
          v.play() }
              else if (name == "moof") moof = b.slice();
              else if (name == "mdat" && moof) { const l = lines[size(inside(inside(moof, "traf")[0], "tfhd")[0], 12)];
                l.queue.push(join(moof, b)); moof = null; pump(l) } }
            rest = rest.slice(used) } }
        \#(look)
        run().catch(e => tell("error", e));
        </script>
        """#

    /// Reads the time out of every picture, and tells after ten seconds how many there were and how late.
    private static let look = #"""
        const c = document.getElementById("c").getContext("2d", { willReadFrequently: true });
        const look = () => { v.requestVideoFrameCallback(look); c.drawImage(v, 0, 0, v.videoWidth, 32, 0, 0, 640, 32);
          const p = c.getImageData(0, 0, 640, 32).data;
          let value = 0n; for (let i = 0; i < 64; i++) { const x = i * 10 + 5, up = p[(8 * 640 + x) * 4 + 1], down =
          p[(24 * 640 + x) * 4 + 1];
            if (Math.abs(up - down) < 60) return; value = value << 1n | (up > down ? 1n : 0n) }
          if (!first) first = performance.now() - began; delays.push(Date.now() - Number(value)) };
        v.requestVideoFrameCallback(look); v.onerror = () => tell("error", v.error.message);
        setTimeout(() => { const s = delays.slice(30).sort((a, b) => a - b); tell("seen", delays.length,
          Math.round(first), s[s.length >> 1], s[Math.floor(s.length * 0.95)]) }, 10000);
        """#

    static let hls = #"""
        <video id="v" muted crossorigin="anonymous"></video><canvas id="c" width="640" height="32"></canvas><script>
        const v = document.getElementById("v"), told = "TOLD", began = performance.now(), delays = []; let first = 0;
        const tell = (...words) => new Image().src = told + words.join("/") + "/";
        \#(look)
        v.src = "ADDRESS"; v.play().catch(e => tell("error", e));
        </script>
        """#
}
