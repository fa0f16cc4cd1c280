package main

import (
	"bufio"
	"fmt"
	"net/http"
)

// lineScanner reads the lines of an HTTP stream with a Scanner as it is by default, which takes
// lines of 64 KiB; net/http asks for gzip and inflates by itself. Argument: the URL.
func lineScanner(arguments []string) error {
	response, err := http.Get(arguments[0])
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || !response.Uncompressed {
		return fmt.Errorf("%s, inflated: %t", response.Status, response.Uncompressed)
	}
	scanner := bufio.NewScanner(response.Body)
	for scanner.Scan() {
		tell(scanner.Bytes())
	}
	return scanner.Err()
}
