package picture

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"crier/internal/fault"
)

// A HEIC or HEIF (ISO/IEC 23008-12) is a chain of boxes (ISO/IEC 14496-12): a length, a type, a body.
//
//	ftyp                          what kind of file it is
//	meta  iinf                    its items: number and type (hvc1: pixels; Exif; mime: XMP)
//	      iloc                    where the bytes of each item are: places in the file, or in idat
//	      iprp, iref, pitm, …     size, how it is turned, colours, which item is shown
//	      idat                    bytes of small items
//	mdat                          bytes of the other items
//
// Places in the file are absolute, so nothing may move: what is left out is overwritten with zeros.
// Only the bytes of items that are pixels are kept, whatever else mdat and idat hold.

const (
	maxFileType    = 4 << 10 // bytes of the box ftyp
	maxDescription = 4 << 20 // bytes of the box meta; photos of phones have about 10 KB
	maxPlace       = 1 << 40 // of an item's bytes in the file
)

// keptItems are the types of items that are pixels or say how pixels make up the picture.
var keptItems = map[string]bool{
	"hvc1": true, "hev1": true, "lhv1": true, "avc1": true, "av01": true, "vvc1": true, "evc1": true,
	"j2k1": true, "unci": true, "grid": true, "iovl": true, "iden": true, "tmap": true, "mski": true,
}

// keptBoxes are the boxes within meta that are needed to show the pixels right.
var keptBoxes = map[string]bool{
	"hdlr": true, "pitm": true, "iinf": true, "iref": true, "iprp": true, "iloc": true, "idat": true,
	"dinf": true, "grpl": true,
}

// emptyItem stands in the place of Exif data: it holds no field. Its first four bytes say where the
// data begin.
const emptyItem = "\x00\x00\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"

// extent is a run of an item's bytes, in the file or in idat.
type extent struct {
	from, to int64
	keep     bool
	exif     bool // it begins Exif data
}

// heic is what the description of a HEIC says.
type heic struct {
	items   map[uint32]string // their types
	primary uint32
	located map[uint32]bool
	file    []extent // of places in the file
	data    []extent // of places in idat
	idat    []byte   // within the description
}

// heicBoxes follows the boxes of a HEIC.
func (w *walker) heicBoxes() error {
	kind, n, err := w.box()
	if err != nil {
		return err
	}
	if kind != "ftyp" || n < 0 || n > maxFileType {
		return unclear("it does not begin with its type")
	}
	if err := errors.Join(w.boxHead(kind, n), w.passed(n)); err != nil {
		return err
	}
	var left []extent // that were not met yet
	for described := false; !described || len(left) > 0; {
		if kind, n, err = w.box(); err != nil {
			return err
		}
		if err := w.part(); err != nil {
			return err
		}
		switch {
		case kind == "meta" && !described:
			if left, err = w.heicMeta(n); err != nil {
				return err
			}
			described = true
		case kind == "mdat" && !described:
			return unclear("its pixels stand before their description")
		case kind == "mdat":
			left, err = w.heicData(n, left)
		case n < 0:
			return unclear("a box without a length")
		default: // of other programs: videos, XMP, free space
			if err = w.boxHead("free", n); err == nil {
				err = w.blank(n)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// box reads the head of a box. n is the length of its body, -1 if it goes on to the end of the file.
func (w *walker) box() (kind string, n int64, err error) {
	b, err := w.read(8)
	if err != nil {
		return "", 0, err
	}
	kind, n = string(b[4:8]), int64(binary.BigEndian.Uint32(b))
	w.at += 8
	w.long = n == 1
	switch {
	case n == 0:
		return kind, -1, nil
	case w.long:
		if b, err = w.read(8); err != nil {
			return "", 0, err
		}
		w.at += 8
		long := binary.BigEndian.Uint64(b)
		if long < 16 || long > maxPlace {
			return "", 0, unclear("a box of an impossible length")
		}
		return kind, int64(long) - 16, nil
	case n < 8:
		return "", 0, unclear("a box of an impossible length")
	}
	return kind, n - 8, nil
}

// boxHead writes the head of the box that was read last, in the same length.
func (w *walker) boxHead(kind string, n int64) error {
	var b []byte
	switch {
	case n < 0:
		b = append(b, 0, 0, 0, 0)
		b = append(b, kind...)
	case w.long:
		b = append(b, 0, 0, 0, 1)
		b = append(b, kind...)
		b = binary.BigEndian.AppendUint64(b, uint64(n)+16)
	default:
		b = binary.BigEndian.AppendUint32(b, uint32(n)+8)
		b = append(b, kind...)
	}
	return w.write(b...)
}

// passed copies n bytes of a HEIC.
func (w *walker) passed(n int64) error {
	w.at += n
	return w.pass(n)
}

// blank overwrites n bytes with zeros.
func (w *walker) blank(n int64) error {
	w.at += n
	if err := w.skip(n); err != nil {
		return err
	}
	_, err := io.CopyN(w.out, zeros{}, n)
	return err
}

// heicMeta reads the description, writes it without what is left out, and returns where the bytes of
// the items are in the file, in their order.
func (w *walker) heicMeta(n int64) ([]extent, error) {
	if n < 4 || n > maxDescription {
		return nil, unclear("its description is of an impossible length")
	}
	b, err := w.take(n, n)
	if err != nil {
		return nil, err
	}
	w.at += n
	h := &heic{items: map[uint32]string{}, located: map[uint32]bool{}}
	if err := h.describe(b); err != nil {
		return nil, err
	}
	if h.file, err = sorted(h.file, w.at, maxPlace); err != nil {
		return nil, err
	}
	return h.file, errors.Join(w.boxHead("meta", n), w.write(b...))
}

// heicData copies the bytes of kept items out of a mdat, and returns the extents that follow it.
func (w *walker) heicData(n int64, left []extent) ([]extent, error) {
	if err := w.boxHead("mdat", n); err != nil {
		return nil, err
	}
	end := w.at + n
	if n < 0 {
		end = maxPlace
	}
	for len(left) > 0 && left[0].from < end {
		e := left[0]
		if e.from < w.at || e.to > end {
			return nil, unclear("the data of an item lie outside its boxes")
		}
		if err := w.blank(e.from - w.at); err != nil {
			return nil, err
		}
		var err error
		switch fill := e.fill(); {
		case e.keep:
			err = w.passed(e.to - e.from)
		default:
			if err = w.skip(int64(len(fill))); err == nil {
				err = w.write(fill...)
			}
			w.at += int64(len(fill))
			err = errors.Join(err, w.blank(e.to-w.at))
		}
		if err != nil {
			return nil, err
		}
		left = left[1:]
	}
	if n < 0 {
		if len(left) > 0 {
			return nil, unclear("the data of an item lie outside its boxes")
		}
		return nil, nil
	}
	return left, w.blank(end - w.at)
}

// fill is what an extent that is left out begins with.
func (e extent) fill() []byte {
	if e.exif && e.to-e.from >= int64(len(emptyItem)) {
		return []byte(emptyItem)
	}
	return nil
}

// sorted puts extents in the order of the file, joins kept ones that touch, and refuses those that
// share bytes with one that is left out, or lie outside from and to.
func sorted(list []extent, from, to int64) ([]extent, error) {
	slices.SortFunc(list, func(a, b extent) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	out := list[:0]
	for _, e := range list {
		if e.from < from || e.to > to {
			return nil, unclear("the data of an item lie outside its boxes")
		}
		if k := len(out) - 1; k >= 0 && e.from < out[k].to {
			if !e.keep || !out[k].keep {
				return nil, unclear("items share their data")
			}
			out[k].to = max(out[k].to, e.to)
			continue
		}
		out = append(out, e)
	}
	return out, nil
}

// describe reads the description of a HEIC and blanks in it what is left out.
func (h *heic) describe(b []byte) error {
	if !bytes.Equal(b[:4], []byte{0, 0, 0, 0}) {
		return unclear("its description is of an unknown version")
	}
	bodies := map[string][]byte{}
	err := boxesOf(b[4:], func(head []byte, kind string, body []byte) error {
		if !keptBoxes[kind] {
			copy(head[4:], "free")
			clear(body)
			return nil
		}
		if bodies[kind] != nil {
			return unclear("a part of its description stands there twice")
		}
		bodies[kind] = body
		return nil
	})
	if err != nil {
		return err
	}
	h.idat = bodies["idat"]
	if err := h.readPrimary(&field{b: bodies["pitm"]}); err != nil {
		return err
	}
	if err := h.readItems(bodies["iinf"]); err != nil {
		return err
	}
	if !keptItems[h.items[h.primary]] {
		return unclear("its pixels are of an unknown kind")
	}
	if err := h.readPlaces(&field{b: bodies["iloc"]}); err != nil {
		return err
	}
	if err := h.readProperties(bodies["iprp"]); err != nil {
		return err
	}
	return h.blankData()
}

// boxesOf calls each for the boxes of which b is made.
func boxesOf(b []byte, each func(head []byte, kind string, body []byte) error) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return unclear("a box is cut off")
		}
		n := int64(binary.BigEndian.Uint32(b))
		if n < 8 || n > int64(len(b)) { // 0 and 1, longer forms, have no place within a description
			return unclear("a box of an impossible length")
		}
		if err := each(b[:8], string(b[4:8]), b[8:n:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// field reads numbers one after the other. Once there are too few bytes, all are 0 and short is set.
type field struct {
	b     []byte
	short bool
}

// number reads one of n bytes, at most 8.
func (f *field) number(n int) uint64 {
	if len(f.b) < n {
		f.b, f.short = nil, true
		return 0
	}
	var v uint64
	for _, c := range f.b[:n] {
		v = v<<8 | uint64(c)
	}
	f.b = f.b[n:]
	return v
}

// version reads the version of a box, and passes over its flags.
func (f *field) version() int { return int(f.number(4) >> 24) }

func (h *heic) readPrimary(f *field) error {
	size := 2
	if f.version() > 0 {
		size = 4
	}
	h.primary = uint32(f.number(size))
	if f.short {
		return unclear("it does not say which picture is shown")
	}
	return nil
}

func (h *heic) readItems(b []byte) error {
	f := &field{b: b}
	size := 2
	if f.version() > 0 {
		size = 4
	}
	f.number(size) // how many follow
	if f.short {
		return unclear("its items are not named")
	}
	return boxesOf(f.b, func(_ []byte, kind string, body []byte) error {
		f := &field{b: body}
		version := f.version()
		if kind != "infe" || version != 2 && version != 3 {
			return unclear("its items are named in an unknown way")
		}
		id := uint32(f.number(2 * (version - 1)))
		f.number(2) // protection
		what := string(binary.BigEndian.AppendUint32(nil, uint32(f.number(4))))
		if f.short {
			return unclear("an item is cut off")
		}
		for i, c := range f.b { // its name
			if c == 0 {
				break
			}
			f.b[i] = ' '
		}
		if h.items[id] != "" {
			return unclear("two items have one number")
		}
		h.items[id] = what
		return nil
	})
}

// Ways in which iloc says where bytes are (ISO/IEC 14496-12, section 8.11.3).
const (
	placeInFile = 0
	placeInData = 1
)

func (h *heic) readPlaces(f *field) error {
	version := f.version()
	sizes := f.number(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	if version == 0 {
		index = 0
	}
	for _, n := range []int{offset, length, base, index} {
		if n != 0 && n != 4 && n != 8 {
			return unclear("its items are placed in an unknown way")
		}
	}
	numbers := 2
	if version == 2 {
		numbers = 4
	}
	count := f.number(numbers)
	if f.short || version > 2 {
		return unclear("its items are placed in an unknown way")
	}
	for range count {
		id, way := uint32(f.number(numbers)), uint64(placeInFile)
		if version > 0 {
			way = f.number(2) & 15
		}
		elsewhere, start, extents := f.number(2), f.number(base), f.number(2)
		if f.short {
			return unclear("the place of an item is cut off")
		}
		if elsewhere != 0 || way > placeInData {
			return unclear("the data of an item are not in the file itself")
		}
		if h.located[id] {
			return unclear("an item stands in two places")
		}
		h.located[id] = true
		for k := range extents {
			f.number(index)
			from, n := start, f.number(offset)
			if from > maxPlace || n > maxPlace {
				return unclear("the data of an item lie outside its boxes")
			}
			from += n
			n = f.number(length)
			if f.short || n == 0 || n > maxPlace || len(h.file)+len(h.data) >= maxParts {
				return unclear("the data of an item have no length, or its pieces are too many")
			}
			e := extent{from: int64(from), to: int64(from + n), keep: keptItems[h.items[id]], exif: k == 0 && h.items[id] == "Exif"}
			if way == placeInData {
				h.data = append(h.data, e)
			} else {
				h.file = append(h.file, e)
			}
		}
	}
	return nil
}

// readProperties blanks descriptions that people wrote, and what nobody knows, among the properties.
func (h *heic) readProperties(b []byte) error {
	return boxesOf(b, func(_ []byte, kind string, body []byte) error {
		if kind != "ipco" {
			return nil
		}
		return boxesOf(body, func(head []byte, kind string, body []byte) error {
			if kind == "udes" || kind == "uuid" {
				copy(head[4:], "free")
				clear(body)
			}
			return nil
		})
	})
}

// blankData blanks everything in idat but the bytes of kept items.
func (h *heic) blankData() error {
	list, err := sorted(h.data, 0, int64(len(h.idat)))
	if err != nil {
		return err
	}
	at := int64(0)
	for _, e := range list {
		clear(h.idat[at:e.from])
		if !e.keep {
			clear(h.idat[e.from:e.to])
			copy(h.idat[e.from:e.to], e.fill())
		}
		at = e.to
	}
	clear(h.idat[at:])
	return nil
}

// unclear refuses a HEIC in which the place cannot be found for certain.
func unclear(why string) error {
	return fault.Field("file", "this HEIC picture cannot be read (%s); save it as JPEG and try again", why)
}
