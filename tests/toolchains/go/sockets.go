package main

import (
	"context"
	"net/http"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

// gorillaWebSocket reads with compression on. Arguments: the URL, the subprotocol, and the message
// that subscribes.
func gorillaWebSocket(arguments []string) error {
	dialer := gorilla.Dialer{EnableCompression: true, Subprotocols: arguments[1:2]}
	socket, _, err := dialer.Dial(arguments[0], http.Header{})
	if err != nil {
		return err
	}
	defer socket.Close()
	socket.EnableWriteCompression(true)
	if err := socket.WriteMessage(gorilla.TextMessage, []byte(arguments[2])); err != nil {
		return err
	}
	for {
		_, message, err := socket.ReadMessage()
		if gorilla.IsCloseError(err, gorilla.CloseServiceRestart) {
			return nil
		}
		if err != nil {
			return err
		}
		tell(message)
	}
}

// coderWebSocket reads with everything as it is by default, the limit of 32 KiB too. Arguments: as
// above.
func coderWebSocket(arguments []string) error {
	ctx := context.Background()
	options := coder.DialOptions{Subprotocols: arguments[1:2]}
	socket, _, err := coder.Dial(ctx, arguments[0], &options)
	if err != nil {
		return err
	}
	defer socket.CloseNow()
	if err := socket.Write(ctx, coder.MessageText, []byte(arguments[2])); err != nil {
		return err
	}
	for {
		_, message, err := socket.Read(ctx)
		if coder.CloseStatus(err) == coder.StatusServiceRestart {
			return nil
		}
		if err != nil {
			return err
		}
		tell(message)
	}
}
