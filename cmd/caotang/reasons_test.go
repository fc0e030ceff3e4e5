package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"caotang/internal/roomtest"
)

// What somebody writes to account for what they do, or to answer, is read where numbers are masked: on record, in a history, by
// customer service, in the yearly pack. Whichever operation takes it refuses an ID number in it.
func TestNoReasonOrAnswerHoldsAnIDNumber(t *testing.T) {
	c := newCell(t)
	number := roomtest.IDNumber(900)
	spelt := number[:6] + " " + number[6:14] + "-" + number[14:]
	fields := wordsOf(t)
	answers := golden()
	tried := 0
	for _, op := range c.app.server.Operations() {
		field := fields[op.ID]
		if field == "" {
			continue
		}
		how := requests[op.ID]
		usual := how.body
		how.body = func(c *cell) any {
			body := object{}
			if usual != nil {
				body = usual(c).(object)
			}
			if _, decides := body["confirm"]; decides {
				body["confirm"] = false
			}
			body[field] = "与本人核对过：" + spelt
			return body
		}
		for i, role := range columns {
			if !strings.HasPrefix(answers[op.ID][i], "20") {
				continue
			}
			tried++
			if a := c.call(op, how, role); a.Code != 422 || !strings.Contains(a.Body.String(), `"holds_id_number"`) {
				t.Errorf("%s as %s with an ID number as %s: %d %s", op.ID, role, field, a.Code, a.Body)
			}
			break
		}
	}
	if tried < 20 {
		t.Errorf("%d operations tried", tried)
	}
	if n := c.world.Count(t, `SELECT count(*) FROM audit_records WHERE reason LIKE '%`+number[6:14]+`%'`); n != 0 {
		t.Errorf("%d records hold the number", n)
	}
}

// wordsOf tells of each operation in which field it takes such words.
func wordsOf(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Ref        string                     `json:"$ref"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var document struct {
		Paths map[string]map[string]struct {
			ID   string `json:"operationId"`
			Body struct {
				Content map[string]struct {
					Schema schema `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for _, operations := range document.Paths {
		for _, op := range operations {
			for _, content := range op.Body.Content {
				body := content.Schema
				if body.Ref != "" {
					body = document.Components.Schemas[body.Ref[strings.LastIndexByte(body.Ref, '/')+1:]]
				}
				for _, field := range []string{"reason", "answer", "words"} {
					if _, has := body.Properties[field]; has {
						fields[op.ID] = field
					}
				}
			}
		}
	}
	return fields
}
