package main

import (
	"testing"

	"caotang/internal/fault"
	"caotang/internal/messages"
)

// This package links every room, so here every code of the program is known.
func TestEveryCodeHasItsWordsInBothLanguages(t *testing.T) {
	for _, code := range fault.Defined() {
		for _, language := range []string{messages.Chinese, messages.English} {
			for _, part := range []string{".title", ".detail"} {
				if !messages.Has(language, code+part) {
					t.Errorf("%s has no %s%s", language, code, part)
				}
			}
		}
	}
}
