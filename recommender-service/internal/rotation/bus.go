package rotation

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// busChannel is where replicas tell each other what they have shown; nothing of it is stored.
	busChannel = "aisle:shown"
	// busGather is how long news wait for more, since sending costs more than what is sent, and busBatch the size in
	// bytes of a message that does not wait. busQueue news wait to be sent; more are dropped.
	busGather = 5 * time.Millisecond
	busBatch  = 32 << 10
	busQueue  = 4096
	// busLimit bounds the sending of a message, and busRest is the pause after Redis did not answer.
	busLimit = time.Second
	busRest  = time.Second
)

// news is that a visitor was shown a list, or is to be forgotten.
type news struct {
	key    Key // without a scenario when the visitor is to be forgotten
	list   List
	forget bool
}

// bus tells the other replicas what visitors were shown, and hears it from them, through Redis: answers wait for neither. What is said
// while Redis does not answer is lost.
type bus struct {
	client redis.UniversalClient
	origin string // names this replica, which leaves out its own messages
	heard  func(news)
	queue  chan news
	done   sync.WaitGroup
	stop   context.CancelFunc
}

// startBus begins to send and to listen. heard is called from one goroutine, for what other replicas say.
func startBus(client redis.UniversalClient, origin string, heard func(news)) *bus {
	ctx, stop := context.WithCancel(context.Background())
	b := &bus{client: client, origin: origin, heard: heard, queue: make(chan news, busQueue), stop: stop}
	b.done.Go(func() { b.sendAll(ctx) })
	b.done.Go(func() { b.listen(ctx) })
	return b
}

// close stops both and waits for a message that is being sent; news that wait in the queue are lost.
func (b *bus) close() {
	b.stop()
	b.done.Wait()
}

// tell sends news a moment later, and drops them when too many wait. It never blocks.
func (b *bus) tell(n news) {
	select {
	case b.queue <- n:
	default:
	}
}

// sendAll sends until ctx ends. After a failure it rests, while tell drops what does not fit the queue.
func (b *bus) sendAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-b.queue:
			if err := b.send(ctx, first); err != nil {
				pause(ctx, busRest)
			}
		}
	}
}

// send sends news with those that come soon after.
func (b *bus) send(ctx context.Context, first news) error {
	message := appendNews(beginMessage(b.origin), first)
	gathered := time.NewTimer(busGather)
	defer gathered.Stop()
	for more := true; more && len(message) < busBatch; {
		select {
		case n := <-b.queue:
			message = appendNews(message, n)
		case <-gathered.C:
			more = false
		case <-ctx.Done():
			more = false // what has been gathered is sent
		}
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), busLimit)
	defer cancel()
	return b.client.Publish(limited, busChannel, message).Err() // the client's metrics count a failure
}

// listen hears what others say until ctx ends.
func (b *bus) listen(ctx context.Context) {
	for ctx.Err() == nil {
		subscription := b.client.Subscribe(ctx, busChannel)
		leave := context.AfterFunc(ctx, func() { _ = subscription.Close() }) // which ends the waiting below
		for {
			message, err := subscription.ReceiveMessage(ctx)
			if err != nil {
				break
			}
			readMessage(message.Payload, b.origin, b.heard)
		}
		if leave() {
			_ = subscription.Close()
		}
		pause(ctx, busRest)
	}
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// busVersion begins a message, then comes the sender. Version 1: for each of the news shop, visitor and scenario, the time as a signed
// varint, 0 to forget the visitor, and the items with their number before them; texts with their length before them.
const busVersion = 1

func beginMessage(origin string) []byte { return appendText([]byte{busVersion}, origin) }

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

func appendNews(to []byte, n news) []byte {
	to = appendText(appendText(appendText(to, n.key.Shop), n.key.Visitor), n.key.Scenario)
	at := n.list.AtMs
	if n.forget {
		at = 0
	}
	to = binary.AppendVarint(to, at)
	to = binary.AppendUvarint(to, uint64(len(n.list.Items)))
	for _, id := range n.list.Items {
		to = appendText(to, id)
	}
	return to
}

// readMessage calls heard for the news of a message as far as it can be read, unless it is of origin itself or of another version.
func readMessage(message, origin string, heard func(news)) {
	if message == "" || message[0] != busVersion {
		return
	}
	d := newsReader{rest: message[1:]}
	if d.text() == origin {
		return
	}
	for d.rest != "" {
		n := news{key: Key{Shop: d.text(), Visitor: d.text(), Scenario: d.text()}}
		n.list.AtMs = d.varint()
		n.forget = n.list.AtMs == 0
		n.list.Items = make([]string, d.count())
		for i := range n.list.Items {
			n.list.Items[i] = d.text()
		}
		if d.damaged {
			return
		}
		heard(n)
	}
}

// newsReader reads a message from its beginning; what it returns is part of it. After damage it returns zeroes.
type newsReader struct {
	rest    string
	damaged bool
}

// count reads a number of texts or bytes, of which no more can follow than there are bytes.
func (d *newsReader) count() int {
	n, size := binary.Uvarint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
	if d.damaged || size <= 0 || n > uint64(len(d.rest)-size) {
		d.damaged, d.rest = true, ""
		return 0
	}
	d.rest = d.rest[size:]
	return int(n)
}

// varint reads a signed number.
func (d *newsReader) varint() int64 {
	v, size := binary.Varint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
	if d.damaged || size <= 0 {
		d.damaged, d.rest = true, ""
		return 0
	}
	d.rest = d.rest[size:]
	return v
}

// text reads a text with its length before it.
func (d *newsReader) text() string {
	n := d.count()
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}
