package picture

import "encoding/binary"

// orientationTag is EXIF's "Orientation" (EXIF 2.3, section 4.6.4).
const orientationTag = 0x0112

// orientation reads how a picture is turned from EXIF data (a TIFF without pixels): 1 to 8, 1 if
// they do not say. It trusts no length in them.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	n := int64(order.Uint16(tiff[at:]))
	for k := range n {
		field := at + 2 + 12*k
		if field+12 > int64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[field:]) == orientationTag {
			if v := int(order.Uint16(tiff[field+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// minimalEXIF is EXIF data that say how a picture is turned and nothing else.
func minimalEXIF(orientation int) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01")
	b = binary.BigEndian.AppendUint16(b, orientationTag)
	b = append(b, 0, 3, 0, 0, 0, 1) // one SHORT
	b = binary.BigEndian.AppendUint16(b, uint16(orientation))
	return append(b, 0, 0, 0, 0, 0, 0) // padding; no further directory
}
