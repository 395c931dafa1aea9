// NAL unit walking and conversion, emulation prevention, parameter sets, decoder configurations.
// Parameter sets are from real encoders; the expected values were read with ffprobe.
import Model
import Testing

@testable import Wire

@Suite struct NALUnitTests {
    @Test func walksAnnexB() {
        let data = hex("00 000001 0910 00000001 6742 0000 000001 68 00 000001 65000301")
        #expect(NALUnits(data, .annexB).units == [hex("0910"), hex("6742"), hex("68"), hex("65000301")])
        #expect(NALUnits(hex("000001 000001 0000000001 65"), .annexB).units == [hex("65")])
        #expect(NALUnits(hex("6500 00"), .annexB).units.isEmpty)
        #expect(NALUnits([], .annexB).units.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4]) func bothWays(_ size: Int) throws {
        let units = [hex("0910"), hex("67420001"), hex("68"), [UInt8](repeating: 0x65, count: 255)]
        let prefixed = try NALUnits.join(units, .lengthPrefixed(size))
        #expect(prefixed.count == units.reduce(0) { $0 + $1.count + size })
        #expect(NALUnits(prefixed, .lengthPrefixed(size)).units == units)
        let annexB = try NALUnits.convert(prefixed, from: .lengthPrefixed(size), to: .annexB)
        #expect(NALUnits(annexB, .annexB).units == units)
        #expect(try NALUnits.convert(annexB, from: .annexB, to: .lengthPrefixed(size)) == prefixed)
    }

    @Test func cutUnitsEndTheWalk() throws {
        let data = try NALUnits.join([hex("0910"), hex("6501020304")], .lengthPrefixed(4))
        for count in 0..<data.count {
            let cut = Array(data[..<count])
            #expect(NALUnits(cut, .lengthPrefixed(4)).units == (count < 6 ? [] : [hex("0910")]))
            if count > 0, count != 6 {
                #expect(throws: WireError.self) {
                    try NALUnits.convert(cut, from: .lengthPrefixed(4), to: .annexB)
                }
            }
        }
        #expect(throws: WireError.self) {
            try NALUnits.join([[UInt8](repeating: 1, count: 256)], .lengthPrefixed(1))
        }
        #expect(throws: WireError.self) { try NALUnits.convert(hex("0102"), from: .annexB, to: .lengthPrefixed(4)) }
    }

    @Test func framingComesFromTheConfiguration() {
        #expect(NALUnits.Framing(configuration: [], codec: .h264) == .annexB)
        #expect(NALUnits.Framing(configuration: hex("00000001 67"), codec: .h264) == .annexB)
        #expect(NALUnits.Framing(configuration: hex("0164001efd e1"), codec: .h264) == .lengthPrefixed(2))
        #expect(NALUnits.Framing(configuration: NALSamples.hvcC, codec: .hevc) == .lengthPrefixed(4))
    }

    @Test func emulationPreventionBothWays() {
        let table = [
            ("000001", "00000301"), ("000000", "00000300"), ("0000000000", "00000300000300"), ("0000", "000003"),
            ("000003", "00000303"), ("000004", "000004"), ("0100", "0100"), ("", ""),
        ]
        for (payload, unit) in table {
            #expect(EmulationPrevention.added(to: hex(payload)) == hex(unit), "\(payload)")
            #expect(EmulationPrevention.removed(from: hex(unit)[...]) == hex(payload), "\(unit)")
        }
        var random = SeededRandom(seed: 3)
        for _ in 0..<rounds(3000) {
            let payload = (0..<40).map { _ in UInt8.random(in: 0...4, using: &random) } + [0x80]
            let unit = EmulationPrevention.added(to: payload)
            #expect(EmulationPrevention.removed(from: unit[...]) == payload)
            #expect(NALUnits.startCode(in: unit, from: 0) == nil)
        }
    }

    @Test func keyframesAndRecoveryPoints() throws {
        func access(_ units: String...) -> NALUnits {
            NALUnits(units.flatMap { [0, 0, 0, 1] + hex($0) }, .annexB)
        }
        #expect(access("0910", "6742", "68ee", "6588").randomAccess(.h264) == .intra)
        #expect(access("0910", "419a").randomAccess(.h264) == .none)
        // recovery_frame_cnt 0, then 3.
        #expect(access("0910", "060601c480", "419a").randomAccess(.h264) == .recoveryPoint(0))
        #expect(access("0606012480", "419a").randomAccess(.h264) == .recoveryPoint(3))
        #expect(!access("0606012480", "419a").isKeyframe(.h264))
        #expect(access("4001", "4201", "4401", "2601af").isKeyframe(.hevc))
        #expect(access("2a01af").isKeyframe(.hevc))
        #expect(!access("0201d0").isKeyframe(.hevc))
    }

    @Test func noiseIsHarmless() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<rounds(3000) {
            let data = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                [0, 0, 0, 1, 1, 6, 5, 0x65, 255, UInt8.random(in: 0...255, using: &random)].randomElement(
                    using: &random)
                    ?? 0
            }
            for framing in [NALUnits.Framing.annexB, .lengthPrefixed(1), .lengthPrefixed(2), .lengthPrefixed(4)] {
                for codec in [Codec.h264, .hevc] {
                    let access = NALUnits(data, framing)
                    _ = access.randomAccess(codec)
                    _ = SEIMessage.all(in: access, codec)
                    _ = PrecisionTimeStamp(time: .zero).inserted(into: access, codec)
                    #expect(access.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= data.count && !$0.isEmpty })
                }
            }
        }
    }
}

enum NALSamples {
    /// bbb-360p.mp4 and bigbuckbunny.mp4.
    static let avcC360 = hex(
        "0164001effe1001a6764001eacd980a02ff97011000003000100000300320f162d9a01000668e978b2c8b0fdf8f800")
    static let avcC720 = hex("014d401fffe10017674d401fda014016ec0440000003004000000c83c60ca801000468ef3c80")
    /// libx265, 322×182.
    static let hvcC = hex(
        """
        0101600000009000000000003cf000fcfdf8f800000f03200001001840010c01ffff01600000030090000003000003003c9598092100
        01002a42010101600000030090000003000003003ca00a480b9c9596566924caf0168080000003008000000f0422000100074401c172
        b46240
        """)
}

@Suite struct NALParameterSetTests {
    struct Expected: Sendable {
        var sps: String
        var width, height: Int
        var rate: Rational
        var profile: String
        var pixels: String
        var level: Int
        var reorder: Int?
        var aspect = Rational(1, 1)
    }

    static let h264 = [
        Expected(
            sps: "6764001eacd980a02ff97011000003000100000300320f162d9a", width: 640, height: 360,
            rate: Rational(25, 1),
            profile: "High", pixels: "yuv420p", level: 30, reorder: 2),
        Expected(
            sps: "674d401fda014016ec0440000003004000000c83c60ca8", width: 1280, height: 720, rate: Rational(25, 1),
            profile: "Main", pixels: "yuv420p", level: 31, reorder: 0),
        // Interlaced, cropped on both sides, wide pixels.
        Expected(
            sps: "6764001eacd940b424f55ff88f0064f88000000300800000190f8a14cb", width: 718, height: 572,
            rate: Rational(25, 1), profile: "High", pixels: "yuv420p", level: 30, reorder: 2,
            aspect: Rational(4576, 3231)),
        Expected(
            sps: "676e001ea6cb201407b6022000007d20001d4c11e2c5c9", width: 640, height: 480,
            rate: Rational(30000, 1001), profile: "High 10", pixels: "yuv420p10le", level: 30, reorder: 0),
        Expected(
            sps: "6742c00cd90141fb016c80000003008000000f078a1524", width: 320, height: 240, rate: Rational(15, 1),
            profile: "Constrained Baseline", pixels: "yuvj420p", level: 12, reorder: 0),
        Expected(
            sps: "67f4000c91d640507ec044000003000400000300783c50a920", width: 320, height: 240,
            rate: Rational(15, 1),
            profile: "High 4:4:4 Predictive", pixels: "yuv444p", level: 12, reorder: 0),
    ]

    @Test(arguments: 0..<6) func h264(_ index: Int) throws {
        let expected = Self.h264[index]
        let sps = try H264SPS(unit: hex(expected.sps))
        let video = sps.parameters
        #expect(video.width == expected.width && video.height == expected.height)
        #expect(video.frameRate == expected.rate)
        #expect(video.profile == expected.profile)
        #expect(video.pixelFormat == expected.pixels)
        #expect(video.reorderDepth == expected.reorder)
        #expect(video.sampleAspect == expected.aspect)
        #expect(sps.levelIDC == expected.level)
    }

    @Test func hevc() throws {
        let sps = try HEVCSPS(
            unit: hex("42010101600000030090000003000003003ca00a480b9c9596566924caf0168080000003008000000f04"))
        #expect(sps.width == 322 && sps.height == 182 && sps.profileName == "Main" && sps.levelIDC == 60)
        #expect(sps.maxReorderPictures == 2 && sps.parameters.pixelFormat == "yuv420p")
        let ten = try HEVCSPS(
            unit: hex("42010102200000030090000003000003003fa00502016936592a4932bc05a020000003002000000303c1"))
        #expect(ten.width == 640 && ten.height == 360 && ten.profileName == "Main 10" && ten.levelIDC == 63)
        #expect(ten.maxReorderPictures == 0 && ten.parameters.pixelFormat == "yuv420p10le")
    }

    @Test func cutParameterSetsFailOrKeepTheirSize() {
        for expected in Self.h264 {
            let unit = hex(expected.sps)
            for count in 0..<unit.count {
                guard let sps = try? H264SPS(unit: Array(unit[..<count])) else { continue }
                #expect(sps.width == expected.width && sps.height == expected.height)
            }
        }
        let hevc = hex("42010101600000030090000003000003003ca00a480b9c9596566924caf0168080000003008000000f04")
        for count in 0..<hevc.count { _ = try? HEVCSPS(unit: Array(hevc[..<count])) }
    }

    @Test func hostileParameterSetsAreBounded() {
        var random = SeededRandom(seed: 5)
        let seeds =
            Self.h264.map { hex($0.sps) } + [
                hex("42010101600000030090000003000003003ca00a480b9c9596566924caf0168080000003008000000f04")
            ]
        for _ in 0..<rounds(20000) {
            var unit = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                unit[Int.random(in: 1..<unit.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let sps = try? H264SPS(unit: unit) {
                #expect((1...16384).contains(sps.width) && (1...32768).contains(sps.height))
            }
            if let sps = try? HEVCSPS(unit: unit) { #expect(sps.width > 0 && sps.height > 0 && sps.width < 16889) }
        }
    }

    @Test func avcConfigurationBothWays() throws {
        for (record, pixels) in [(NALSamples.avcC360, 640), (NALSamples.avcC720, 1280)] {
            let configuration = try AVCConfiguration(parsing: record)
            #expect(configuration.lengthSize == 4 && configuration.sps.count == 1 && configuration.pps.count == 1)
            #expect(try H264SPS(unit: configuration.sps[0]).width == pixels)
            #expect(configuration.serialised() == record)
            // Made anew from the parameter sets it is the record that FFmpeg wrote.
            #expect(try AVCConfiguration(annexB: configuration.annexB).serialised() == record)
            for count in 0..<record.count { _ = try? AVCConfiguration(parsing: Array(record[..<count])) }
        }
        #expect(throws: WireError.self) { try AVCConfiguration(annexB: hex("00000001 68ee")) }
        #expect(throws: WireError.self) { try AVCConfiguration(parsing: Array(NALSamples.avcC360[..<20])) }
    }

    @Test func hevcConfigurationBothWays() throws {
        let configuration = try HEVCConfiguration(parsing: NALSamples.hvcC)
        #expect(configuration.lengthSize == 4 && configuration.profileIDC == 1 && configuration.levelIDC == 60)
        #expect(configuration.vps.count == 1 && configuration.sps.count == 1 && configuration.pps.count == 1)
        let made = try HEVCConfiguration(annexB: configuration.annexB)
        #expect(made == configuration)
        let reread = try HEVCConfiguration(parsing: made.serialised())
        #expect(reread == configuration)
        for count in 0..<NALSamples.hvcC.count {
            #expect(throws: WireError.self) { try HEVCConfiguration(parsing: Array(NALSamples.hvcC[..<count])) }
        }
    }
}
