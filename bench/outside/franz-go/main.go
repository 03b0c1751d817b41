// Franz-go as a subject of the bench: the spec as JSON in its argument, one line of JSON as its result.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const sample = 64

type spec struct {
	Suite       string `json:"suite"`
	Brokers     string `json:"brokers"`
	Topic       string `json:"topic"`
	Group       string `json:"group"`
	Messages    int64  `json:"messages"`
	Warmup      int64  `json:"warmup"`
	Size        int    `json:"size"`
	Touch       string `json:"touch"`
	Cycle       int64  `json:"cycle"`
	Compression string `json:"compression"`
	Config      struct {
		Queue   int   `json:"queue.buffering.max.messages"`
		Largest int32 `json:"message.max.bytes"`
	} `json:"config"`
}

type result struct {
	Messages        int64             `json:"messages"`
	Bytes           int64             `json:"bytes"`
	Digest          *uint32           `json:"digest,omitempty"`
	Timed           int64             `json:"timed"`
	Seconds         float64           `json:"seconds"`
	TimedCPUSeconds float64           `json:"timedCpuSeconds"`
	Versions        map[string]string `json:"versions"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpu() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	of := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return of(usage.Utime) + of(usage.Stime)
}

// The clock starts when the warm-up is over.
type clock struct {
	warm  int64
	cpu   float64
	start time.Time
}

func (c *clock) begin(done, warmup int64) {
	if c.start.IsZero() && done >= warmup {
		c.warm, c.cpu, c.start = done, cpu(), time.Now()
	}
}

func (c *clock) result(done int64, size int) result {
	return result{Messages: done, Bytes: done * int64(size), Timed: done - c.warm,
		Seconds: time.Since(c.start).Seconds(), TimedCPUSeconds: cpu() - c.cpu}
}

func digestOf(payload []byte) uint32 {
	if len(payload) < 8 {
		return uint32(len(payload))
	}
	return binary.LittleEndian.Uint32(payload) + 31*binary.LittleEndian.Uint32(payload[len(payload)-4:])
}

func consume(s spec) result {
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(s.Brokers, ",")...), kgo.ConsumerGroup(s.Group),
		kgo.ConsumeTopics(s.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxPartitionBytes(8<<20))
	check(err)
	every := int64(sample)
	if s.Touch == "all" {
		every = 1
	}
	var c clock
	var done int64
	var digest uint32
	for done < s.Messages {
		fetches := client.PollFetches(context.Background())
		check(fetches.Err())
		c.begin(done, s.Warmup)
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, record := range p.Records {
				if record.Offset%every == 0 {
					digest += digestOf(record.Value)
				}
			}
			done += int64(len(p.Records))
		})
	}
	r := c.result(done, s.Size)
	r.Digest = &digest
	client.Close()
	return r
}

func produce(s spec) result {
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	options := []kgo.Opt{kgo.SeedBrokers(strings.Split(s.Brokers, ",")...), kgo.DefaultProduceTopic(s.Topic),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(5 * time.Millisecond),
		kgo.MaxBufferedRecords(s.Config.Queue), kgo.ProducerBatchCompression(codecs[s.Compression])}
	if s.Config.Largest > 0 {
		options = append(options, kgo.ProducerBatchMaxBytes(s.Config.Largest))
	}
	client, err := kgo.NewClient(options...)
	check(err)
	values := make([][]byte, min(s.Cycle, s.Messages))
	for i := range values {
		values[i] = []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz", s.Size/26+1)[:s.Size])
		if s.Size >= 8 {
			binary.LittleEndian.PutUint32(values[i], uint32(i))
			binary.LittleEndian.PutUint32(values[i][s.Size-4:], uint32(i)*2654435761)
		}
	}
	var c clock
	var mutex sync.Mutex
	var done atomic.Int64
	promise := func(_ *kgo.Record, err error) {
		check(err)
		if n := done.Add(1); n == s.Warmup {
			mutex.Lock()
			c.begin(n, s.Warmup)
			mutex.Unlock()
		}
	}
	ctx := context.Background()
	if s.Warmup == 0 {
		c.begin(0, 0)
	}
	for i := int64(0); i < s.Messages; i++ {
		client.Produce(ctx, &kgo.Record{Value: values[i%int64(len(values))]}, promise)
	}
	check(client.Flush(ctx))
	mutex.Lock()
	defer mutex.Unlock()
	r := c.result(done.Load(), s.Size)
	client.Close()
	return r
}

func main() {
	var s spec
	check(json.Unmarshal([]byte(os.Args[1]), &s))
	var r result
	if s.Suite == "produce" {
		r = produce(s)
	} else {
		r = consume(s)
	}
	r.Versions = map[string]string{"go": runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/twmb/franz-go" {
				r.Versions["franz-go"] = strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(r))
}
