package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// A journal is a file beside the store that makes item writes durable with one
// small sequential write: bbolt alone would write a page for every item, and
// wait for the disk twice.
//
// It holds frames, each the writes of one group: length, checksum, epoch,
// payload. A checkpoint moves what the journal holds into bbolt and, in the same
// transaction, raises the epoch there: the frames of older epochs are then void,
// and the file is written again from its start. So it is never cut, and the
// moment at which it becomes empty is bbolt's commit.
type journal struct {
	path  string
	file  *os.File // nil until the first frame: a store without items needs none
	epoch uint64   // of the frames that count
	end   int64    // where the next frame goes

	volatile bool // no write waits for the disk
}

const (
	frameHeader = 16
	journalSize = 4 << 20 // written once with zeros, so that a frame changes no metadata
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openJournal opens the file if there is one; end is then after the last whole
// frame of the epoch. A frame that is torn was never acknowledged, and nothing
// was written after it: a whole frame behind it means that the file is damaged.
func openJournal(path string, epoch uint64) (*journal, error) {
	j := &journal{path: path, epoch: epoch}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return j, nil
	}
	if err == nil {
		j.file = f
		j.end, err = j.each(1<<62, func(payload []byte) error {
			return j.wellFormed(payload)
		})
	}
	if err == nil {
		err = j.nothingAfter(j.end)
	}
	if damaged := (*DamagedError)(nil); errors.As(err, &damaged) {
		return nil, errors.Join(err, j.close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the local store's journal: %w", err), j.close())
	}
	return j, nil
}

// wellFormed checks what a frame says. Its sum is right, so this is a fault of
// who wrote it, or forged.
func (j *journal) wellFormed(payload []byte) error {
	err := entries(payload, func(bucket string, key, value []byte) error {
		if bucket == "" || len(key) == 0 || value != nil && !readable(bucket, value) {
			return errors.New("an entry that no local AWS writes")
		}
		return nil
	})
	if err != nil {
		return &DamagedError{j.path, "it holds something that cannot be read"}
	}
	return nil
}

// nothingAfter looks for a whole frame of the epoch behind the end.
func (j *journal) nothingAfter(end int64) error {
	rest, err := io.ReadAll(io.NewSectionReader(j.file, end, 1<<62))
	if err != nil {
		return err
	}
	epoch := binary.BigEndian.AppendUint64(nil, j.epoch)
	for from := 8; ; {
		at := bytes.Index(rest[min(from, len(rest)):], epoch)
		if at < 0 {
			return nil
		}
		header := from + at - 8
		from = header + 9
		payload := rest[header+frameHeader:]
		length := int(binary.BigEndian.Uint32(rest[header:]))
		if length > 0 && length <= len(payload) && frameSum(epoch, payload[:length]) == binary.BigEndian.Uint32(rest[header+4:]) {
			return &DamagedError{j.path, fmt.Sprintf("%d bytes in, something has changed what was written", end)}
		}
	}
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// create makes the file at its full size.
func (j *journal) create() error {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if j.volatile {
		err = f.Truncate(journalSize)
	} else if _, err = f.Write(make([]byte, journalSize)); err == nil {
		err = errors.Join(f.Sync(), syncFolder(filepath.Dir(j.path)))
	}
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(j.path))
	}
	j.file = f
	return nil
}

// each calls do with the payload of every whole frame of the epoch that begins
// before limit, oldest first, and returns where the last one ends.
func (j *journal) each(limit int64, do func(payload []byte) error) (end int64, err error) {
	var header [frameHeader]byte
	for end < limit {
		if _, err := j.file.ReadAt(header[:], end); err != nil {
			return end, ignoreEOF(err)
		}
		length := binary.BigEndian.Uint32(header[:])
		if binary.BigEndian.Uint64(header[8:]) != j.epoch || length == 0 {
			return end, nil
		}
		payload, err := io.ReadAll(io.NewSectionReader(j.file, end+frameHeader, int64(length)))
		if err != nil {
			return end, err
		}
		if len(payload) < int(length) || frameSum(header[8:], payload) != binary.BigEndian.Uint32(header[4:]) {
			return end, nil
		}
		if err := do(payload); err != nil {
			return end, err
		}
		end += frameHeader + int64(length)
	}
	return end, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func frameSum(epoch, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(epoch, castagnoli), castagnoli, payload)
}

// append writes a frame and waits until it is on disk. frame has room for the
// header at its start.
func (j *journal) append(frame []byte) error {
	if j.file == nil {
		if err := j.create(); err != nil {
			return fmt.Errorf("make the local store's journal: %w", err)
		}
	}
	payload := frame[frameHeader:]
	binary.BigEndian.PutUint32(frame, uint32(len(payload)))
	binary.BigEndian.PutUint64(frame[8:], j.epoch)
	binary.BigEndian.PutUint32(frame[4:], frameSum(frame[8:frameHeader], payload))
	if _, err := j.file.WriteAt(frame, j.end); err != nil {
		return fmt.Errorf("write the local store's journal: %w", err)
	}
	if !j.volatile {
		if err := syncData(j.file); err != nil {
			return fmt.Errorf("write the local store's journal: %w", err)
		}
	}
	j.end += int64(len(frame))
	return nil
}

// appendEntry adds one write to a frame; a nil value deletes the key.
func appendEntry(frame []byte, bucket string, key, value []byte) []byte {
	frame = append(binary.AppendUvarint(frame, uint64(len(bucket))), bucket...)
	frame = append(binary.AppendUvarint(frame, uint64(len(key))), key...)
	if value == nil {
		return binary.AppendUvarint(frame, 0)
	}
	return append(binary.AppendUvarint(frame, uint64(len(value))+1), value...)
}

// entries calls do with each write of a payload.
func entries(payload []byte, do func(bucket string, key, value []byte) error) error {
	next := func(less int) ([]byte, error) {
		n, w := binary.Uvarint(payload)
		if w <= 0 || n > uint64(len(payload)-w+less) {
			return nil, errors.New("the journal's entry is cut off")
		}
		payload = payload[w:]
		if n == 0 && less > 0 {
			return nil, nil
		}
		part := payload[: int(n)-less : int(n)-less]
		payload = payload[int(n)-less:]
		return part, nil
	}
	for len(payload) > 0 {
		bucket, err := next(0)
		if err != nil {
			return err
		}
		key, err := next(0)
		if err != nil {
			return err
		}
		value, err := next(1)
		if err != nil {
			return err
		}
		if err := do(string(bucket), key, value); err != nil {
			return err
		}
	}
	return nil
}
