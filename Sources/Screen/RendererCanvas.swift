// Drawing with graphics hardware: planes go into a streaming texture as they are, the shader converts and
// scales. No waiting for vertical sync: a picture is shown when it is there.
internal import CSDL2
internal import Model

final class RendererCanvas: Canvas {
    let name: String
    private let renderer: OpaquePointer
    private var texture: (handle: OpaquePointer, format: UInt32, width: Int, height: Int)?
    private var overlayTexture: (handle: OpaquePointer, image: OverlayImage)?

    /// - Parameter flags: SDL_RENDERER_ACCELERATED or SDL_RENDERER_SOFTWARE.
    init(window: OpaquePointer, flags: UInt32) throws(SluiceError) {
        guard let renderer = SDL_CreateRenderer(window, -1, flags) else { throw CanvasFailure.error("no renderer") }
        self.renderer = renderer
        var info = SDL_RendererInfo()
        name = SDL_GetRendererInfo(renderer, &info) == 0 ? String(cString: info.name) : "unknown"
    }

    func size() -> (width: Int, height: Int) {
        var width: Int32 = 0
        var height: Int32 = 0
        SDL_GetRendererOutputSize(renderer, &width, &height)
        return (Int(width), Int(height))
    }

    func present(_ picture: (any Picture)?, isNew: Bool, overlay: OverlayImage?) throws(SluiceError) {
        SDL_SetRenderDrawColor(renderer, 0, 0, 0, 255)
        SDL_RenderClear(renderer)
        if let picture {
            let fresh = try prepareTexture(for: picture)
            guard let texture else { return }
            if isNew || fresh, upload(picture, to: texture.handle) != 0 { throw CanvasFailure.error("no upload") }
            let outer = size()
            let inner = Letterbox.fit(
                width: picture.width, height: picture.height, sampleAspect: picture.sampleAspect,
                intoWidth: outer.width, height: outer.height)
            var to = SDL_Rect(
                x: Int32(clamping: inner.x), y: Int32(clamping: inner.y), w: Int32(clamping: inner.width),
                h: Int32(clamping: inner.height))
            if SDL_RenderCopy(renderer, texture.handle, nil, &to) != 0 { throw CanvasFailure.error("no copy") }
        }
        if let overlay { try draw(overlay) }
        SDL_RenderPresent(renderer)
    }

    /// - Returns: true when the texture is new and has nothing in it.
    private func prepareTexture(for picture: any Picture) throws(SluiceError) -> Bool {
        let format =
            switch picture.layout {
            case .i420: SDL_PIXELFORMAT_IYUV.rawValue
            case .nv12: SDL_PIXELFORMAT_NV12.rawValue
            case .bgrx, .other: SDL_PIXELFORMAT_RGB888.rawValue
            }
        // Looked at when a texture is made (software) or drawn (OpenGL). SDL has no BT.2020; 709 is nearest.
        let mode: SDL_YUV_CONVERSION_MODE =
            picture.isFullRange
            ? SDL_YUV_CONVERSION_JPEG
            : picture.matrix == .bt601 ? SDL_YUV_CONVERSION_BT601 : SDL_YUV_CONVERSION_BT709
        if SDL_GetYUVConversionMode() != mode { SDL_SetYUVConversionMode(mode) }
        if let texture, texture.format == format, texture.width == picture.width, texture.height == picture.height {
            return false
        }
        if let texture { SDL_DestroyTexture(texture.handle) }
        texture = nil
        SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear")
        guard
            let handle = SDL_CreateTexture(
                renderer, format, Int32(SDL_TEXTUREACCESS_STREAMING.rawValue), Int32(clamping: picture.width),
                Int32(clamping: picture.height))
        else { throw CanvasFailure.error("no texture") }
        texture = (handle, format, picture.width, picture.height)
        return true
    }

    private func upload(_ picture: any Picture, to texture: OpaquePointer) -> Int32 {
        picture.withPlanes { lent in
            let planes = lent.planes
            switch picture.layout {
            case .i420 where planes.count >= 3:
                return SDL_UpdateYUVTexture(
                    texture, nil, planes[0].base, Int32(clamping: planes[0].stride), planes[1].base,
                    Int32(clamping: planes[1].stride), planes[2].base, Int32(clamping: planes[2].stride))
            case .nv12 where planes.count >= 2:
                return SDL_UpdateNVTexture(
                    texture, nil, planes[0].base, Int32(clamping: planes[0].stride), planes[1].base,
                    Int32(clamping: planes[1].stride))
            case .bgrx where !planes.isEmpty:
                return SDL_UpdateTexture(texture, nil, planes[0].base, Int32(clamping: planes[0].stride))
            default: return -1
            }
        }
    }

    private func draw(_ image: OverlayImage) throws(SluiceError) {
        if overlayTexture?.image != image {
            if let overlayTexture { SDL_DestroyTexture(overlayTexture.handle) }
            overlayTexture = nil
            guard
                let handle = SDL_CreateTexture(
                    renderer, SDL_PIXELFORMAT_ARGB8888.rawValue, Int32(SDL_TEXTUREACCESS_STATIC.rawValue),
                    Int32(clamping: image.width), Int32(clamping: image.height))
            else { throw CanvasFailure.error("no texture") }
            SDL_SetTextureBlendMode(handle, SDL_BLENDMODE_BLEND)
            image.pixels.withUnsafeBytes {
                _ = SDL_UpdateTexture(handle, nil, $0.baseAddress, Int32(clamping: image.width * 4))
            }
            overlayTexture = (handle, image)
        }
        guard let overlayTexture else { return }
        var to = SDL_Rect(x: 0, y: 0, w: Int32(clamping: image.width), h: Int32(clamping: image.height))
        if SDL_RenderCopy(renderer, overlayTexture.handle, nil, &to) != 0 { throw CanvasFailure.error("no copy") }
    }

    func readBack() -> [UInt8]? {
        let (width, height) = size()
        var out = [UInt8](repeating: 0, count: width * height * 4)
        let status = out.withUnsafeMutableBytes {
            SDL_RenderReadPixels(
                renderer, nil, SDL_PIXELFORMAT_RGB888.rawValue, $0.baseAddress, Int32(clamping: width * 4))
        }
        return status == 0 ? out : nil
    }

    func close() {
        if let texture { SDL_DestroyTexture(texture.handle) }
        if let overlayTexture { SDL_DestroyTexture(overlayTexture.handle) }
        texture = nil
        overlayTexture = nil
        SDL_DestroyRenderer(renderer)
    }
}
