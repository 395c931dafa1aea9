// A picture's planes as B, G, R, X rows, and the colour arithmetic behind it.
internal import CRealtime
internal import Model

enum Pixels {
    /// Writes `picture` at `out`. `PictureLayout.other` is refused before it gets here.
    static func convert(_ picture: any Picture, to out: UnsafeMutablePointer<UInt8>, stride: Int) {
        picture.withPlanes { lent in
            let planes = lent.planes
            guard let first = planes.first else { return }
            switch picture.layout {
            case .bgrx:
                for row in 0..<picture.height {
                    (out + row * stride).update(from: first.base + row * first.stride, count: picture.width * 4)
                }
            case .i420 where planes.count >= 3:
                convert(yuv(picture, first, planes[1], planes[2]), picture, out, stride)
            case .nv12 where planes.count >= 2:
                convert(yuv(picture, first, planes[1], nil), picture, out, stride)
            default: break
            }
        }
    }

    private typealias Plane = (base: UnsafePointer<UInt8>, stride: Int)

    private static func yuv(_ picture: any Picture, _ y: Plane, _ u: Plane, _ v: Plane?) -> cr_yuv {
        cr_yuv(
            y: y.base, u: u.base, v: v?.base, y_stride: y.stride, u_stride: u.stride, v_stride: v?.stride ?? 0,
            width: Int32(clamping: picture.width), height: Int32(clamping: picture.height))
    }

    private static func convert(
        _ yuv: cr_yuv, _ picture: any Picture, _ out: UnsafeMutablePointer<UInt8>, _ stride: Int
    ) {
        var yuv = yuv
        var matrix = Pixels.matrix(picture.matrix, isFullRange: picture.isFullRange)
        cr_yuv_to_bgrx(&yuv, &matrix, out, stride)
    }

    /// From the definition (ITU-R BT.601, BT.709, BT.2020 §3): Kr and Kb give all of it.
    static func matrix(_ matrix: ColourMatrix, isFullRange: Bool) -> cr_matrix {
        let (kr, kb): (Double, Double) =
            switch matrix {
            case .bt601: (0.299, 0.114)
            case .bt709: (0.2126, 0.0722)
            case .bt2020: (0.2627, 0.0593)
            }
        let kg = 1 - kr - kb
        let luma = isFullRange ? 1.0 : 255.0 / 219
        let chroma = isFullRange ? 1.0 : 255.0 / 224
        func fixed(_ value: Double) -> Int16 { Int16((value * 8192).rounded()) }
        return cr_matrix(
            luma: UInt16((luma * 8192).rounded()), v_to_r: fixed(2 * (1 - kr) * chroma),
            u_to_g: fixed(2 * (1 - kb) * kb / kg * chroma), v_to_g: fixed(2 * (1 - kr) * kr / kg * chroma),
            u_to_b: fixed(2 * (1 - kb) * chroma), black: isFullRange ? 0 : 16)
    }
}
