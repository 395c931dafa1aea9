// Drawing without graphics hardware: the picture is converted from the decoder's planes straight into the
// window's shared memory, so each pixel is written once. Scaling costs a second pass.
internal import CRealtime
internal import CSDL2
internal import Model

final class SurfaceCanvas: Canvas {
    let name = "surface"
    private let window: OpaquePointer
    /// The picture in its own size, only used when it has to be scaled.
    private var scratch: UnsafeMutablePointer<SDL_Surface>?
    /// What the bars were cleared for; they stay black until this changes.
    private var cleared: (surface: UnsafeMutablePointer<SDL_Surface>, inner: PixelRect)?

    init(window: OpaquePointer) throws(SluiceError) {
        self.window = window
        guard SDL_GetWindowSurface(window) != nil else { throw CanvasFailure.error("no window memory") }
    }

    func size() -> (width: Int, height: Int) {
        guard let surface = SDL_GetWindowSurface(window) else { return (0, 0) }
        return (Int(surface.pointee.w), Int(surface.pointee.h))
    }

    func present(_ picture: (any Picture)?, isNew: Bool, overlay: OverlayImage?) throws(SluiceError) {
        guard let surface = SDL_GetWindowSurface(window) else { throw CanvasFailure.error("no window memory") }
        let outer = (width: Int(surface.pointee.w), height: Int(surface.pointee.h))
        if let picture {
            let inner = Letterbox.fit(
                width: picture.width, height: picture.height, sampleAspect: picture.sampleAspect,
                intoWidth: outer.width, height: outer.height)
            clearBars(surface, inner)
            try draw(picture, isNew: isNew, in: inner, of: surface)
        } else {
            SDL_FillRect(surface, nil, 0)
            cleared = nil
        }
        if let overlay { blend(overlay, onto: surface) }
        // Text may reach into the bars, which are then not black any more.
        if overlay != nil { cleared = nil }
        if SDL_UpdateWindowSurface(window) != 0 { throw CanvasFailure.error("no update") }
    }

    private func clearBars(_ surface: UnsafeMutablePointer<SDL_Surface>, _ inner: PixelRect) {
        if let cleared, cleared.surface == surface, cleared.inner == inner { return }
        SDL_FillRect(surface, nil, 0)
        cleared = (surface, inner)
    }

    private func draw(
        _ picture: any Picture, isNew: Bool, in inner: PixelRect, of surface: UnsafeMutablePointer<SDL_Surface>
    ) throws(SluiceError) {
        let format = surface.pointee.format.pointee.format
        let isNative = format == SDL_PIXELFORMAT_RGB888.rawValue || format == SDL_PIXELFORMAT_ARGB8888.rawValue
        guard let base = surface.pointee.pixels else { throw CanvasFailure.error("no window memory") }
        if isNative, inner.width == picture.width, inner.height == picture.height {
            let pitch = Int(surface.pointee.pitch)
            let out = base.assumingMemoryBound(to: UInt8.self) + inner.y * pitch + inner.x * 4
            Pixels.convert(picture, to: out, stride: pitch)
            return
        }
        let source = try scratchSurface(width: picture.width, height: picture.height, mustFill: &mustFill)
        if isNew || mustFill, let pixels = source.pointee.pixels {
            Pixels.convert(
                picture, to: pixels.assumingMemoryBound(to: UInt8.self), stride: Int(source.pointee.pitch))
            mustFill = false
        }
        var from = SDL_Rect(x: 0, y: 0, w: Int32(clamping: picture.width), h: Int32(clamping: picture.height))
        var to = SDL_Rect(
            x: Int32(clamping: inner.x), y: Int32(clamping: inner.y), w: Int32(clamping: inner.width),
            h: Int32(clamping: inner.height))
        let status =
            isNative
            ? SDL_SoftStretchLinear(source, &from, surface, &to) : SDL_UpperBlitScaled(source, &from, surface, &to)
        if status != 0 { throw CanvasFailure.error("no scaling") }
    }

    private var mustFill = true

    private func scratchSurface(
        width: Int, height: Int, mustFill: inout Bool
    ) throws(SluiceError) -> UnsafeMutablePointer<SDL_Surface> {
        if let scratch, Int(scratch.pointee.w) == width, Int(scratch.pointee.h) == height { return scratch }
        SDL_FreeSurface(scratch)
        scratch = nil
        mustFill = true
        guard
            let made = SDL_CreateRGBSurfaceWithFormat(
                0, Int32(clamping: width), Int32(clamping: height), 32, SDL_PIXELFORMAT_RGB888.rawValue)
        else { throw CanvasFailure.error("no memory") }
        scratch = made
        return made
    }

    /// By hand: the box is a few thousand pixels, and SDL's blitters want a surface for it.
    private func blend(_ overlay: OverlayImage, onto surface: UnsafeMutablePointer<SDL_Surface>) {
        guard let base = surface.pointee.pixels, surface.pointee.format.pointee.BytesPerPixel == 4 else { return }
        let pitch = Int(surface.pointee.pitch)
        let pixels = base.assumingMemoryBound(to: UInt8.self)
        let width = min(overlay.width, Int(surface.pointee.w))
        let keep = 255 - Int(OverlayImage.boxAlpha)
        overlay.pixels.withUnsafeBufferPointer { source in
            for y in 0..<min(overlay.height, Int(surface.pointee.h)) {
                let row = pixels + y * pitch
                let from = y * overlay.width * 4
                for x in 0..<width {
                    let at = 4 * x
                    if source[from + at + 3] == 255 {
                        for c in 0..<3 { row[at + c] = source[from + at + c] }
                    } else {
                        for c in 0..<3 { row[at + c] = UInt8(Int(row[at + c]) * keep / 255) }
                    }
                }
            }
        }
    }

    func readBack() -> [UInt8]? {
        guard let surface = SDL_GetWindowSurface(window), let pixels = surface.pointee.pixels else { return nil }
        let (width, height, pitch) = (Int(surface.pointee.w), Int(surface.pointee.h), Int(surface.pointee.pitch))
        guard surface.pointee.format.pointee.BytesPerPixel == 4 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(width * height * 4)
        for y in 0..<height {
            out.append(contentsOf: UnsafeRawBufferPointer(start: pixels + y * pitch, count: width * 4))
        }
        return out
    }

    func close() {
        SDL_FreeSurface(scratch)
        scratch = nil
    }
}
