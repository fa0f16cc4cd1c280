package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata/stream"
)

// heard is one thing that the SDK told its handlers.
type heard struct {
	What   string  `json:"what"`
	Symbol string  `json:"symbol,omitempty"`
	ID     int64   `json:"id,omitempty"`
	Price  float64 `json:"price,omitempty"`
	Size   float64 `json:"size,omitempty"`
	TimeNs int64   `json:"time_ns,omitempty"`
	Words  string  `json:"words,omitempty"`
}

var telling sync.Mutex

func report(what heard) {
	line, _ := json.Marshal(what)
	telling.Lock()
	defer telling.Unlock()
	tell(line)
}

// logger tells what the SDK complains of; it goes on after errors, so they must be seen.
type logger struct{}

func (logger) Infof(string, ...interface{}) {}
func (logger) Warnf(format string, values ...interface{}) {
	report(heard{What: "warning", Words: fmt.Sprintf(format, values...)})
}
func (logger) Errorf(format string, values ...interface{}) {
	report(heard{What: "error", Words: fmt.Sprintf(format, values...)})
}

// alpacaSDK runs for ever, through cuts. Arguments: "stocks" or "crypto", the base URL, the symbols of
// trades and bars, those of quotes, and a key and its secret, where these matter.
func alpacaSDK(arguments []string) error {
	class, url := arguments[0], arguments[1]
	trades, quotes := strings.Split(arguments[2], ","), strings.Split(arguments[3], ",")
	key, secret := "key", "secret"
	if len(arguments) > 4 {
		key, secret = arguments[4], arguments[5]
	}
	options := []stream.Option{
		stream.WithBaseURL(url),
		stream.WithCredentials(key, secret),
		stream.WithLogger(logger{}),
		stream.WithReconnectSettings(0, 100*time.Millisecond),
		stream.WithProcessors(1), // more would change the order
		stream.WithConnectCallback(func() { report(heard{What: "connected"}) }),
		stream.WithDisconnectCallback(func() { report(heard{What: "disconnected"}) }),
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if class == "stocks" {
		return runStocks(ctx, options, trades, quotes)
	}
	return runCrypto(ctx, options, trades, quotes)
}

// patiently asks again where the SDK has waited three seconds, which is short for a busy machine.
func patiently(change func() error) error {
	for {
		if err := change(); !errors.Is(err, stream.ErrSubscriptionChangeTimeout) {
			return err
		}
	}
}

func runStocks(ctx context.Context, options []stream.Option, trades, quotes []string) error {
	all := []stream.StockOption{
		stream.WithTrades(func(trade stream.Trade) {
			report(heard{"trade", trade.Symbol, trade.ID, trade.Price, float64(trade.Size),
				trade.Timestamp.UnixNano(), ""})
		}, trades...),
		stream.WithQuotes(func(quote stream.Quote) {
			report(heard{"quote", quote.Symbol, 0, quote.BidPrice, float64(quote.BidSize),
				quote.Timestamp.UnixNano(), ""})
		}, quotes...),
		stream.WithBars(func(bar stream.Bar) {
			report(heard{"bar", bar.Symbol, int64(bar.TradeCount), bar.Close, float64(bar.Volume),
				bar.Timestamp.UnixNano(), ""})
		}, trades...),
	}
	for _, option := range options {
		all = append(all, option)
	}
	client := stream.NewStocksClient("iex", all...)
	if err := client.Connect(ctx); err != nil {
		return err
	}
	statuses := func(stream.TradingStatus) { report(heard{What: "status"}) }
	subscribe := func() error { return client.SubscribeToStatuses(statuses, "*") }
	if err := patiently(subscribe); err != nil {
		return fmt.Errorf("subscribing to statuses: %w", err)
	}
	unsubscribe := func() error { return client.UnsubscribeFromStatuses("*") }
	if err := patiently(unsubscribe); err != nil {
		return fmt.Errorf("unsubscribing from statuses: %w", err)
	}
	report(heard{What: "subscribed"})
	return <-client.Terminated()
}

func runCrypto(ctx context.Context, options []stream.Option, trades, quotes []string) error {
	all := []stream.CryptoOption{
		stream.WithCryptoTrades(func(trade stream.CryptoTrade) {
			report(heard{"trade", trade.Symbol, trade.ID, trade.Price, trade.Size,
				trade.Timestamp.UnixNano(), ""})
		}, trades...),
		stream.WithCryptoQuotes(func(quote stream.CryptoQuote) {
			report(heard{"quote", quote.Symbol, 0, quote.BidPrice, quote.BidSize,
				quote.Timestamp.UnixNano(), ""})
		}, quotes...),
		stream.WithCryptoBars(func(bar stream.CryptoBar) {
			report(heard{"bar", bar.Symbol, int64(bar.TradeCount), bar.Close, bar.Volume,
				bar.Timestamp.UnixNano(), ""})
		}, trades...),
	}
	for _, option := range options {
		all = append(all, option)
	}
	client := stream.NewCryptoClient("us", all...)
	if err := client.Connect(ctx); err != nil {
		return err
	}
	books := func(stream.CryptoOrderbook) { report(heard{What: "orderbook"}) }
	subscribe := func() error { return client.SubscribeToOrderbooks(books, "*") }
	if err := patiently(subscribe); err != nil {
		return fmt.Errorf("subscribing to order books: %w", err)
	}
	unsubscribe := func() error { return client.UnsubscribeFromOrderbooks("*") }
	if err := patiently(unsubscribe); err != nil {
		return fmt.Errorf("unsubscribing from order books: %w", err)
	}
	report(heard{What: "subscribed"})
	return <-client.Terminated()
}
