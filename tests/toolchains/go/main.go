// Clients in Go, each as its own documentation uses it, for the tests of tests/toolchains.
//
// Every program writes one line for each thing that it hears, says on standard error why it ended,
// and ends with status 1 where its library gave up.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
)

var programs = map[string]func(arguments []string) error{
	"alpaca":  alpacaSDK,
	"coder":   coderWebSocket,
	"gorilla": gorillaWebSocket,
	"scanner": lineScanner,
}

func main() {
	program, known := programs[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "not a program:", os.Args[1])
		os.Exit(2)
	}
	if err := program(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var standardOutput = bufio.NewWriter(os.Stdout)

// tell writes a line, in base64 since a message may be binary, or have line feeds in it.
func tell(message []byte) {
	standardOutput.WriteString(base64.StdEncoding.EncodeToString(message))
	standardOutput.WriteByte('\n')
	standardOutput.Flush()
}
