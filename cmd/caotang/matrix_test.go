package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"caotang/internal/access"
	"caotang/internal/db"
	"caotang/internal/db/dbtest"
	"caotang/internal/recovery"
	"caotang/internal/roomtest"
	"caotang/internal/roster"
	"caotang/internal/server"
	"caotang/internal/slips"
	"caotang/internal/verification"
)

// The golden matrix: what each operation answers to each role, its target lying in one school of county 510104. Columns:
//
//	anon    nobody                       own     administrator of that school
//	must    has still to bind a phone    other   administrator of another school of the county
//	ready   not verified                 county  administrator of the county
//	pupil   of that school               city    administrator of the city
//	parent  of a pupil of that school    prov    administrator of the province
//	teach   teacher of that school       else    administrator of another city
//	class   class teacher there          serv    customer service
//
// A new operation needs a row here, and its request in requests below.
const matrix = `
                          anon must ready pupil parent teach class own other county city prov else serv
list-audit                  401  403  403  403  403  403  403  200  200  200  200  200  200  403
send-sms-code               202  202  202  202  202  202  202  202  202  202  202  202  202  202
get-sms-message             404  404  404  404  404  404  404  404  404  404  404  404  404  404
get-sms-gateway             200  200  200  200  200  200  200  200  200  200  200  200  200  200
watch-sms                   401  403  403  403  403  403  403  403  403  403  403  200  403  403
get-settings                200  200  200  200  200  200  200  200  200  200  200  200  200  200
check-username              204  204  204  204  204  204  204  204  204  204  204  204  204  204
register                    422  422  422  422  422  422  422  422  422  422  422  422  422  422
sign-in                     401  401  401  401  401  401  401  401  401  401  401  401  401  401
sign-out                    401  204  204  204  204  204  204  204  204  204  204  204  204  204
change-password             401  204  204  204  204  204  204  204  204  204  204  204  204  204
change-phone                401  422  422  422  422  422  422  422  422  422  422  422  422  422
reset-password              422  422  422  422  422  422  422  422  422  422  422  422  422  422
list-my-sessions            401  200  200  200  200  200  200  200  200  200  200  200  200  200
end-my-session              401  404  404  404  404  404  404  404  404  404  404  404  404  404
end-my-other-sessions       401  200  200  200  200  200  200  200  200  200  200  200  200  200
list-my-security-events     401  200  200  200  200  200  200  200  200  200  200  200  200  200
read-notice                 410  410  410  410  410  410  410  410  410  410  410  410  410  410
freeze-account              410  410  410  410  410  410  410  410  410  410  410  410  410  410
unfreeze-account            401  403  403  403  403  403  403  200  404  200  200  200  404  404
search-accounts             401  403  403  403  403  403  403  200  200  200  200  200  200  403
issue-one-time-code         401  403  403  403  403  403  403  200  404  200  200  200  404  404
reveal-username             401  403  403  403  403  403  403  200  404  200  200  200  404  404
replace-phone               401  403  403  403  403  403  403  200  404  200  200  200  404  404
finish-sign-in              401  401  401  401  401  401  401  401  401  401  401  401  401  401
ask-passkey                 401  422  422  422  422  422  422  422  422  422  422  422  422  422
reset-password-by-factor    422  422  422  422  422  422  422  422  422  422  422  422  422  422
reset-factors               401  403  403  403  403  403  403  204  404  204  204  204  404  404
list-my-factors             401  200  200  200  200  200  200  200  200  200  200  200  200  200
confirm-me                  401  201  201  201  201  201  201  201  201  201  201  201  201  201
enrol-authenticator         401  403  403  403  403  403  403  403  403  403  403  403  403  403
set-authenticator           401  403  403  403  403  403  403  403  403  403  403  403  403  403
remove-authenticator        401  403  403  403  403  403  403  403  403  403  403  403  403  403
ask-new-passkey             401  403  403  403  403  403  403  403  403  403  403  403  403  403
add-passkey                 401  403  403  403  403  403  403  403  403  403  403  403  403  403
remove-passkey              401  403  403  403  403  403  403  403  403  403  403  403  403  403
renew-recovery-codes        401  403  403  403  403  403  403  403  403  403  403  403  403  403
list-administrators         401  403  403  403  403  403  403  200  200  200  200  200  200  200
appoint-administrator       401  403  403  403  403  403  403  404  404  201  201  201  404  404
dismiss-administrator       401  403  403  403  403  403  403  404  404  204  204  204  404  404
list-regions                200  200  200  200  200  200  200  200  200  200  200  200  200  200
list-schools                200  200  200  200  200  200  200  200  200  200  200  200  200  200
list-school-classes         200  200  200  200  200  200  200  200  200  200  200  200  200  200
create-school               401  403  403  403  403  403  403  403  403  201  201  201  403  403
change-school               401  403  403  403  403  403  403  404  404  200  200  200  404  404
delete-school               401  403  403  403  403  403  403  404  404  204  204  204  404  404
list-classes                401  403  403  403  403  403  403  200  200  200  200  200  200  403
create-class                401  403  403  403  403  403  403  201  404  201  201  201  404  404
create-classes              401  403  403  403  403  403  403  201  404  201  201  201  404  404
change-class                401  403  403  403  403  403  403  200  404  200  200  200  404  404
delete-class                401  403  403  403  403  403  403  204  404  204  204  204  404  404
list-class-teachers         401  403  403  403  403  403  403  200  404  200  200  200  404  404
set-class-teachers          401  403  403  403  403  403  403  200  404  200  200  200  404  404
put-pupils-into-class       401  403  403  403  403  403  403  200  404  200  200  200  404  404
import-roster               401  403  403  403  403  403  403  200  404  200  200  200  404  403
list-imports                401  403  403  403  403  403  403  200  200  200  200  200  200  200
get-import                  401  403  403  403  403  403  403  200  404  200  200  200  404  404
download-rejected-rows      401  403  403  403  403  403  403  200  404  200  200  200  404  404
undo-import                 401  403  403  403  403  403  403  200  404  200  200  200  404  404
download-kept-entries       401  403  403  403  403  403  403  200  404  200  200  200  404  404
export-registry             401  403  403  403  403  403  403  200  200  200  200  200  200  200
download-roster-template    401  403  403  403  403  403  403  200  200  200  200  200  200  200
list-registry               401  403  403  403  403  403  403  200  200  200  200  200  200  200
create-registry-entry       401  403  403  403  403  403  403  201  404  201  201  201  404  404
get-registry-entry          401  403  403  403  403  403  403  200  404  200  200  200  404  404
change-registry-entry       401  403  403  403  403  403  403  200  404  200  200  200  404  404
delete-registry-entry       401  403  403  403  403  403  403  204  404  204  204  204  404  404
reveal-registry-entry       401  403  403  403  403  403  403  200  404  403  403  403  404  404
ask-look                    401  403  403  403  403  403  403  201  404  201  201  201  404  404
list-looks                  401  403  403  403  403  403  403  200  200  200  200  200  200  403
allow-look                  401  403  403  403  403  403  403  200  404  200  200  200  404  404
refuse-look                 401  403  403  403  403  403  403  200  404  200  200  200  404  404
get-registry-history        401  403  403  403  403  403  403  200  404  200  200  200  404  404
list-duplicates             401  403  403  403  403  403  403  200  404  200  200  200  404  404
search-duplicates           401  403  403  403  403  403  403  202  404  202  202  202  404  404
dismiss-duplicate           401  403  403  403  403  403  403  204  404  204  204  204  404  404
replace-registry-entry      401  403  403  403  403  403  403  201  404  201  201  201  404  404
bind-me                     401  403  201  409  409  409  409  201  201  201  201  201  201  201
unbind-me                   401  403  404  204  204  204  204  404  404  404  404  404  404  404
choose-my-class             401  403  403  200  200  422  422  403  403  403  403  403  403  403
unbind-account              401  403  403  403  403  403  403  204  404  204  204  204  404  404
list-slips                  401  403  404  404  404  404  404  200  404  200  200  200  404  404
print-slips                 401  403  404  404  404  404  404  200  404  200  200  200  404  404
end-slips                   401  403  404  404  404  404  404  200  404  200  200  200  404  404
check-slip                  422  422  422  422  422  422  422  422  422  422  422  422  422  422
register-by-slip            422  422  422  422  422  422  422  422  422  422  422  422  422  422
set-password-by-slip        422  422  422  422  422  422  422  422  422  422  422  422  422  422
list-my-consents            401  403  200  200  200  200  200  200  200  200  200  200  200  200
say-consent                 401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-consent-history        401  403  404  404  404  404  404  404  404  404  404  404  404  404
read-consent-link           410  410  410  410  410  410  410  410  410  410  410  410  410  410
say-consent-by-link         410  410  410  410  410  410  410  410  410  410  410  410  410  410
read-consent-by-slip        422  422  422  422  422  422  422  422  422  422  422  422  422  422
say-consent-by-slip         422  422  422  422  422  422  422  422  422  422  422  422  422  422
count-consents              401  403  404  404  404  404  200  200  404  200  200  200  404  404
remind-consents             401  403  404  404  404  404  200  200  404  200  200  200  404  404
list-my-guardianships       401  403  200  200  200  200  200  200  200  200  200  200  200  200
confirm-guardianship-by-slip  401  403  404  404  404  404  404  404  404  404  404  404  404  404
withdraw-guardianship       401  403  404  404  404  404  404  404  404  404  404  404  404  404
leave-guardianship          401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-my-guardians           401  403  403  200  200  200  200  403  403  403  403  403  403  403
answer-my-guardian          401  403  403  404  404  404  404  403  403  403  403  403  403  403
list-guardianships          401  403  200  200  200  200  200  200  200  200  200  200  200  200
decide-guardianships        401  403  404  404  404  404  200  200  404  200  200  200  404  404
end-guardianship            401  403  403  403  403  403  403  204  404  204  204  204  404  404
bind-me-by-slip             401  403  422  422  422  422  422  422  422  422  422  422  422  422
ask-school                  401  403  201  409  201  409  409  201  201  201  201  201  201  201
list-my-tickets             401  403  200  200  200  200  200  200  200  200  200  200  200  200
withdraw-ticket             401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-my-cases               401  403  200  200  200  200  200  200  200  200  200  200  200  200
keep-my-entry               401  403  404  404  404  404  404  404  404  404  404  404  404  404
appeal-case                 401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-tickets                401  403  403  403  403  403  403  200  200  200  200  200  200  200
get-ticket                  401  403  403  403  403  403  403  200  404  200  200  200  404  404
reveal-ticket               401  403  403  403  403  403  403  200  404  200  200  200  404  404
take-ticket                 401  403  403  403  403  403  403  200  404  200  200  200  404  404
release-ticket              401  403  403  403  403  403  403  200  404  200  200  200  404  404
complete-ticket             401  403  403  403  403  403  403  200  404  200  200  200  404  404
decline-ticket              401  403  403  403  403  403  403  200  404  200  200  200  404  404
find                        401  403  403  403  403  403  403  200  200  200  200  200  200  200
list-requests               401  403  403  403  403  403  403  200  200  200  200  200  200  200
count-requests              401  403  403  403  403  403  403  200  200  200  200  200  200  200
request-transfer            401  403  403  201  201  201  201  403  403  403  403  403  403  403
list-my-transfers           401  403  200  200  200  200  200  200  200  200  200  200  200  200
cancel-my-transfer          401  403  404  404  404  404  404  404  404  404  404  404  404  404
list-transfers              401  403  403  403  403  403  403  200  200  200  200  200  200  200
get-transfer                401  403  403  403  403  403  403  200  404  200  200  200  200  404
approve-transfer            401  403  403  403  403  403  403  200  404  200  200  200  200  404
reject-transfer             401  403  403  403  403  403  403  200  404  200  200  200  200  404
approve-transfers           401  403  403  403  403  403  403  200  200  200  200  200  200  200
set-recovery-contact        401  422  422  422  403  403  403  403  403  403  403  403  403  403
remove-recovery-contact     401  404  404  404  404  404  404  404  404  404  404  404  404  404
choose-my-role              401  200  200  409  409  409  409  200  200  200  200  200  200  200
get-my-closing              401  200  200  200  200  200  200  200  200  200  200  200  200  200
close-my-account            401  200  422  422  422  422  422  422  422  422  422  422  422  422
keep-my-account             401  404  404  404  404  404  404  404  404  404  404  404  404  404
get-my-data                 401  200  200  200  200  200  200  200  200  200  200  200  200  200
list-my-records             401  200  200  200  200  200  200  200  200  200  200  200  200  200
export-my-data              401  200  200  200  200  200  200  200  200  200  200  200  200  200
get-me                      401  200  200  200  200  200  200  200  200  200  200  200  200  200
get-my-space                401  403  200  200  200  200  200  200  200  200  200  200  200  200
list-my-classmates          401  403  403  200  200  200  200  403  403  403  403  403  403  403
list-my-apps                401  403  403  200  200  200  200  403  403  403  403  403  403  403
list-pupils-taught          401  403  403  404  404  404  404  403  403  403  403  403  403  403
get-overview                401  403  403  403  403  403  403  200  200  200  200  200  200  200
ask-for-account             201  201  201  201  201  201  201  201  201  201  201  201  201  201
get-recovery                200  200  200  200  200  200  200  200  200  200  200  200  200  200
withdraw-recovery           200  200  200  200  200  200  200  200  200  200  200  200  200  200
send-copy                   200  200  200  200  200  200  200  200  200  200  200  200  200  200
submit-recovery             409  409  409  409  409  409  409  409  409  409  409  409  409  409
finish-recovery             409  409  409  409  409  409  409  409  409  409  409  409  409  409
get-statistics              401  403  403  403  403  403  403  200  200  200  200  200  200  403
get-statistics-trend        401  403  403  403  403  403  403  200  404  200  200  200  404  404
get-stuck                   401  403  403  403  403  403  403  200  404  200  200  200  404  404
export-stuck                401  403  403  403  403  403  403  200  404  200  200  200  404  404
export-statistics           401  403  403  403  403  403  403  200  404  200  200  200  404  404
list-targets                401  403  403  403  403  403  403  200  404  200  200  200  404  404
set-target                  401  403  403  403  403  403  403  404  404  403  204  204  404  404
remove-target               401  403  403  403  403  403  403  404  404  403  204  204  404  404
list-recoveries             401  403  403  403  403  403  403  200  200  200  200  200  200  200
read-recovery               401  403  403  403  403  403  403  200  404  200  200  200  404  404
look-at-copy                401  403  403  403  403  403  403  404  404  404  404  200  404  200
approve-recovery            401  403  403  403  403  403  403  200  404  200  200  200  404  404
reject-recovery             401  403  403  403  403  403  403  404  404  404  404  200  404  200
`

var columns = strings.Fields(strings.Split(strings.TrimSpace(matrix), "\n")[0])

// request is how an operation is called: what the {id} of its path stands for, a query, and a body.
type request struct {
	target func(c *cell) string
	query  string
	// queryOf is a query that needs something made.
	queryOf func(c *cell) string
	number  func(c *cell) string // of a recovery: the query holds it
	body    func(c *cell) any
	origin  string // of the page that calls, where it counts
}

type object = map[string]any

func reason(*cell) any { return object{"reason": "核对"} }

// ofHere asks about the target's school.
func ofHere(parameter string) func(c *cell) string {
	return func(c *cell) string { return "?" + parameter + "=" + c.world.Here.ID }
}

// unconfirmed is a change of factors without the proof before it.
func unconfirmed(*cell) any { return object{"confirmation": "unknown"} }

func consented() []object {
	return []object{{"purpose": "third_party_apps", "version": 1, "given": true}}
}

func ownPassword(*cell) any { return object{"password": roomtest.Password} }

var requests = map[string]request{
	"get-settings": {},
	"register": {body: func(c *cell) any {
		return object{"username": c.name(), "password": roomtest.Password, "phone": c.phone(), "sms_code": "000000", "role": "student"}
	}},
	"check-username":  {body: func(c *cell) any { return object{"username": c.name()} }},
	"sign-in":         {body: func(c *cell) any { return object{"login": c.name(), "password": "Wrong2026"} }},
	"sign-out":        {},
	"change-password": {body: func(*cell) any { return object{"current_password": roomtest.Password, "new_password": "Caotang2027"} }},
	"change-phone": {body: func(c *cell) any {
		return object{"password": roomtest.Password, "phone": c.phone(), "sms_code": "000000"}
	}},
	"reset-password": {body: func(c *cell) any {
		return object{"username": c.name(), "phone": c.phone(), "sms_code": "000000", "new_password": roomtest.Password}
	}},
	"list-my-sessions":        {},
	"end-my-session":          {target: func(*cell) string { return "unknown" }},
	"end-my-other-sessions":   {},
	"list-my-security-events": {},
	"read-notice":             {body: func(*cell) any { return object{"token": "unknown"} }},
	"freeze-account":          {body: func(*cell) any { return object{"token": "unknown"} }},
	"unfreeze-account":        {target: (*cell).frozen, body: reason},
	"send-sms-code":           {body: func(c *cell) any { return object{"phone": c.phone(), "purpose": "register"} }},
	"get-sms-message":         {target: func(*cell) string { return "unknown" }},
	"get-sms-gateway":         {},
	"watch-sms":               {},

	"finish-sign-in": {body: func(*cell) any { return object{"ticket": "unknown", "code": "000000"} }},
	"ask-passkey":    {body: func(*cell) any { return object{} }, origin: "http://localhost:8080"},
	"reset-password-by-factor": {body: func(c *cell) any {
		return object{"username": c.name(), "code": "000000", "new_password": roomtest.Password}
	}},
	"reset-factors":        {target: (*cell).factor, body: reason},
	"list-my-factors":      {},
	"confirm-me":           {body: func(*cell) any { return object{"password": roomtest.Password} }},
	"enrol-authenticator":  {body: unconfirmed},
	"set-authenticator":    {body: func(*cell) any { return object{"enrolment": "unknown", "code": "000000"} }},
	"remove-authenticator": {body: unconfirmed},
	"ask-new-passkey":      {body: unconfirmed},
	"add-passkey": {
		body: func(*cell) any {
			return object{"challenge_id": "unknown", "credential": object{}, "name": "手机"}
		},
		origin: "http://localhost:8080",
	},
	"remove-passkey":       {target: func(*cell) string { return "unknown" }, body: unconfirmed},
	"renew-recovery-codes": {body: unconfirmed},
	"ask-for-account":      {body: func(c *cell) any { return c.lost("school") }},
	"get-recovery":         {number: (*cell).collecting},
	"withdraw-recovery":    {number: (*cell).collecting},
	"send-copy":            {number: (*cell).collecting, body: func(c *cell) any { return c.copy() }},
	"submit-recovery":      {number: (*cell).collecting},
	"finish-recovery": {number: (*cell).collecting, body: func(*cell) any {
		return object{"sms_code": "000000", "new_password": roomtest.Password}
	}},
	"list-recoveries":  {},
	"read-recovery":    {target: (*cell).vouching},
	"look-at-copy":     {target: (*cell).withCopies},
	"approve-recovery": {target: (*cell).vouching, body: reason},
	"reject-recovery":  {target: (*cell).withCopies, body: reason},
	"set-recovery-contact": {body: func(c *cell) any {
		return object{"password": roomtest.Password, "phone": c.phone(), "sms_code": "000000"}
	}},
	"remove-recovery-contact": {body: ownPassword},
	"choose-my-role":          {body: func(*cell) any { return object{"role": "parent"} }},
	"get-my-closing":          {},
	"close-my-account":        {body: ownPassword},
	"keep-my-account":         {},
	"get-my-data":             {},
	"list-my-records":         {},
	"export-my-data":          {body: ownPassword},
	"get-statistics":          {},
	"get-statistics-trend":    {queryOf: ofHere("scope")},
	"get-stuck":               {queryOf: ofHere("scope")},
	"export-stuck":            {queryOf: ofHere("scope")},
	"export-statistics":       {queryOf: ofHere("scope")},
	"list-targets":            {queryOf: ofHere("region")},
	"set-target":              {body: func(*cell) any { return object{"region": "510104", "kind": "teacher", "percent": 100} }},
	"remove-target":           {query: "?region=510104&kind=teacher"},

	"get-me":                {},
	"get-my-space":          {},
	"list-my-classmates":    {},
	"list-my-apps":          {},
	"list-pupils-taught":    {target: (*cell).fullClass},
	"bind-me":               {body: func(c *cell) any { return c.claim(c.entry()) }},
	"unbind-me":             {body: ownPassword},
	"choose-my-class":       {body: func(c *cell) any { return object{"class_id": c.class()} }},
	"bind-me-by-slip":       {body: func(*cell) any { return object{"code": "2222-2222-2222"} }},
	"ask-school":            {body: func(c *cell) any { return c.missing() }},
	"list-my-tickets":       {},
	"withdraw-ticket":       {target: (*cell).ticket},
	"list-my-cases":         {},
	"keep-my-entry":         {target: (*cell).ticket},
	"appeal-case":           {target: (*cell).ticket},
	"list-my-guardianships": {},
	"list-my-consents":      {},
	"say-consent": {body: func(c *cell) any {
		return object{"guardianship_id": c.guardian(), "decisions": consented()}
	}},
	"list-consent-history": {queryOf: func(c *cell) string { return "?guardianship_id=" + c.guardian() }},
	"read-consent-link":    {body: func(*cell) any { return object{"token": "unknown"} }},
	"say-consent-by-link":  {body: func(*cell) any { return object{"token": "unknown", "decisions": consented()} }},
	"read-consent-by-slip": {body: func(*cell) any { return object{"code": "mistyped"} }},
	"say-consent-by-slip": {body: func(*cell) any {
		return object{"code": "mistyped", "name": "王芳", "relation": "mother", "decisions": consented()}
	}},
	"count-consents":  {target: (*cell).headedClass},
	"remind-consents": {target: (*cell).headedClass},
	"confirm-guardianship-by-slip": {target: (*cell).asked, body: func(c *cell) any {
		return object{"code": c.slip()}
	}},
	"withdraw-guardianship": {target: (*cell).asked},
	"leave-guardianship":    {target: (*cell).guardian, body: ownPassword},
	"list-my-guardians":     {},
	"answer-my-guardian":    {target: (*cell).asked, body: func(*cell) any { return object{"confirm": true} }},
	"list-guardianships":    {query: "?state=asked"},
	"decide-guardianships":  {body: func(c *cell) any { return object{"ids": []string{c.asked()}, "confirm": true} }},
	"end-guardianship":      {target: (*cell).guardian, body: reason},

	"list-slips":  {queryOf: func(c *cell) string { return "?class_id=" + c.fullClass() }},
	"print-slips": {body: func(c *cell) any { return object{"class_id": c.fullClass()} }},
	"end-slips":   {body: func(c *cell) any { return object{"class_id": c.fullClass()} }},
	"check-slip":  {body: func(*cell) any { return object{"code": "2222-2222-2222"} }},
	"register-by-slip": {body: func(c *cell) any {
		return object{"code": "2222-2222-2222", "username": c.name(), "password": roomtest.Password}
	}},
	"set-password-by-slip": {body: func(*cell) any { return object{"code": "2222-2222-2222", "password": roomtest.Password} }},

	"list-regions":        {},
	"list-schools":        {},
	"list-school-classes": {target: func(c *cell) string { return c.world.Here.ID }},

	"request-transfer":   {body: func(c *cell) any { return object{"to_school_id": c.world.Elsewhere.ID, "reason": "搬家"} }},
	"list-my-transfers":  {},
	"cancel-my-transfer": {target: (*cell).transfer},
	"list-transfers":     {},
	"get-transfer":       {target: (*cell).transfer},
	"approve-transfer":   {target: (*cell).transfer},
	"reject-transfer":    {target: (*cell).transfer, body: reason},
	"approve-transfers":  {body: func(c *cell) any { return object{"ids": []string{c.transfer()}} }},

	"get-overview":    {},
	"list-audit":      {},
	"list-tickets":    {},
	"get-ticket":      {target: (*cell).ticket},
	"reveal-ticket":   {target: (*cell).ticket, body: reason},
	"find":            {body: func(*cell) any { return object{"text": roomtest.IDNumber(1)} }},
	"list-requests":   {query: "?view=open"},
	"count-requests":  {},
	"take-ticket":     {target: (*cell).ticket},
	"release-ticket":  {target: (*cell).ticket},
	"complete-ticket": {target: (*cell).ticket, body: func(*cell) any { return object{} }},
	"decline-ticket":  {target: (*cell).ticket, body: reason},

	"search-accounts":     {query: "?username=person0001"},
	"issue-one-time-code": {target: (*cell).account, body: reason},
	"reveal-username":     {target: (*cell).account, body: reason},
	"replace-phone":       {target: (*cell).account, body: func(c *cell) any { return object{"phone": c.phone(), "reason": "核对"} }},
	"list-administrators": {},
	"appoint-administrator": {body: func(c *cell) any {
		return object{"username": c.name(), "level": "school", "scope_id": c.world.Here.ID}
	}},
	"dismiss-administrator": {body: func(c *cell) any {
		held := c.world.Administrator(c.t, access.School, c.world.Here.ID)
		return object{"account_id": held.ID, "level": "school", "scope_id": c.world.Here.ID, "reason": "换人"}
	}},
	"unbind-account": {target: (*cell).account, body: reason},

	"list-registry": {},
	"create-registry-entry": {body: func(c *cell) any {
		return object{"kind": "student", "name": "韩梅梅", "id_type": "resident_id", "id_number": c.number(), "school_id": c.world.Here.ID}
	}},
	"get-registry-entry":    {target: func(c *cell) string { return c.entry().ID }},
	"change-registry-entry": {target: func(c *cell) string { return c.entry().ID }, body: func(*cell) any { return object{"name": "韩美美"} }},
	"delete-registry-entry": {target: func(c *cell) string { return c.entry().ID }},
	"list-duplicates":       {queryOf: ofHere("school_id")},
	"search-duplicates":     {body: func(c *cell) any { return object{"school_id": c.world.Here.ID} }},
	"dismiss-duplicate":     {target: (*cell).duplicate},
	"get-registry-history":  {target: func(c *cell) string { return c.entry().ID }},
	"replace-registry-entry": {target: func(c *cell) string { return c.entry().ID }, body: func(c *cell) any {
		return object{"id_type": "resident_id", "id_number": c.number(), "reason": "录入有误"}
	}},
	"reveal-registry-entry":    {target: func(c *cell) string { return c.entry().ID }, body: reason},
	"ask-look":                 {target: func(c *cell) string { return c.entry().ID }, body: reason},
	"list-looks":               {},
	"allow-look":               {target: (*cell).look},
	"refuse-look":              {target: (*cell).look, body: reason},
	"import-roster":            {query: "?dry_run=true", body: func(c *cell) any { return c.upload() }},
	"list-imports":             {},
	"get-import":               {target: (*cell).rosterImport},
	"download-rejected-rows":   {target: (*cell).rosterImport},
	"undo-import":              {target: (*cell).rosterImport, query: "?dry_run=true"},
	"download-kept-entries":    {target: (*cell).rosterImport},
	"export-registry":          {body: func(*cell) any { return object{} }},
	"download-roster-template": {},

	"create-school": {body: func(c *cell) any {
		return object{"code": fmt.Sprintf("31510%05d", c.next()), "name": "新校", "region": "510104"}
	}},
	"delete-school": {target: (*cell).emptySchool, query: "?code=" + emptyCode},
	"change-school": {target: func(c *cell) string { return c.world.Here.ID }, body: func(*cell) any { return object{"name": "草堂中学"} }},

	"list-classes":          {},
	"create-class":          {body: func(c *cell) any { return c.cohort(object{"number": c.classNumber()}) }},
	"create-classes":        {body: func(c *cell) any { return c.cohort(object{"count": 1}) }},
	"change-class":          {target: (*cell).class, body: func(*cell) any { return object{"name": "火箭班"} }},
	"delete-class":          {target: (*cell).class},
	"list-class-teachers":   {target: (*cell).class},
	"put-pupils-into-class": {target: (*cell).class, body: func(c *cell) any { return object{"entry_ids": []string{c.entry().ID}} }},
	"set-class-teachers":    {target: (*cell).class, body: func(*cell) any { return object{"teacher_ids": []string{}} }},
}

func TestEveryOperationAnswersEveryRoleAsTheMatrixSays(t *testing.T) {
	c := newCell(t)
	want := map[string][]string{}
	for _, row := range strings.Split(strings.TrimSpace(matrix), "\n")[1:] {
		cells := strings.Fields(row)
		want[cells[0]] = cells[1:]
	}
	var rows []string
	wrong := false
	for _, op := range c.app.server.Operations() {
		how, known := requests[op.ID]
		if !known {
			t.Errorf("%s %s (%s) has no request in this test, and no row in its matrix", op.Method, op.Path, op.ID)
			continue
		}
		row := make([]string, len(columns))
		for i, role := range columns {
			row[i] = fmt.Sprint(c.call(op, how, role))
		}
		rows = append(rows, fmt.Sprintf("%-26s%s", op.ID, strings.Join(row, "  ")))
		if !slices.Equal(row, want[op.ID]) {
			wrong = true
			t.Errorf("%s\n got %v\nwant %v", op.ID, row, want[op.ID])
		}
		delete(want, op.ID)
	}
	for id := range want {
		t.Errorf("the matrix has a row for %s, which is no operation", id)
	}
	if wrong {
		t.Logf("the rows as they are:\n%s", strings.Join(rows, "\n"))
	}
}

// cell makes what one request of the matrix needs, afresh each time: requests change things.
type cell struct {
	t     *testing.T
	world *roomtest.World
	app   *app
	count int

	classes int
	headed  string // see headedClass
}

// newCell makes the whole program on an empty database.
func newCell(t *testing.T) *cell {
	t.Helper()
	d := dbtest.OpenSQLite(t)
	w := roomtest.New(t, d, roomtest.Rules())
	var defaults commands
	parser, err := kong.New(&defaults, kong.Configuration(kong.JSON))
	if err != nil {
		t.Fatal(err)
	}
	// All of the matrix comes from one address, where some of it fails by intent.
	if _, err := parser.Parse([]string{"serve", "--log-level=error", "--captcha-address=0", "--second-factor=none"}); err != nil {
		t.Fatal(err)
	}
	serve := defaults.Serve
	a, err := newApp(d, w.Vault, appOptions{
		storage: storage{Data: t.TempDir()}, limits: serve.limits, serving: serve.serving, messages: io.Discard, logs: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &cell{t: t, world: w, app: a}
}

func (c *cell) next() int { c.count++; return c.count }

func (c *cell) name() string   { return fmt.Sprintf("nobody%06d", c.next()) }
func (c *cell) phone() string  { return fmt.Sprintf("138909%05d", c.next()) }
func (c *cell) number() string { return roomtest.IDNumber(c.next()) }

func (c *cell) entry() roster.Entry { return c.entryOf(roster.Student) }

func (c *cell) entryOf(kind string) roster.Entry {
	return c.world.Entry(c.t, roster.NewEntry{Kind: kind, Name: "韩梅梅", IDNumber: c.number(), SchoolID: c.world.Here.ID})
}

// emptySchool is a school of the county that nothing stands at, always by the same code.
func (c *cell) emptySchool() string {
	id := ""
	c.world.InTx(c.t, func(tx *db.Tx) error {
		if _, err := tx.Exec(c.t.Context(), `DELETE FROM schools WHERE code = $1`, emptyCode); err != nil {
			return err
		}
		school, err := c.world.Roster.CreateSchool(c.t.Context(), tx, roster.NewSchool{Code: emptyCode, Name: "新校", Region: "510104"})
		id = school.ID
		return err
	})
	return id
}

const emptyCode = "3151999999"

func (c *cell) class() string { return c.world.Class(c.t, c.world.Here.ID, c.classNumber()).ID }

func (c *cell) classNumber() int { c.classes++; return c.classes }

// fullClass is a class with a pupil.
func (c *cell) fullClass() string {
	class := c.class()
	c.world.Entry(c.t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: c.number(), SchoolID: c.world.Here.ID, ClassID: class})
	return class
}

// asked is a request to be the guardian of a pupil in a class of c.teaches, which waits.
func (c *cell) asked() string {
	p := c.world.Person(c.t, "parent")
	claim := c.claim(c.pupilOf(c.headedClass()))
	claim["kind"] = "parent"
	answer := roomtest.Do(c.t, c.app.server, p.Token, http.MethodPost, "/api/v1/me/binding", claim)
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// guardian is a guardian's link to such a pupil.
func (c *cell) guardian() string {
	id := c.asked()
	c.world.InTx(c.t, func(tx *db.Tx) error {
		_, err := c.world.Verification.ConfirmGuardian(c.t.Context(), tx, id, verification.BySchool)
		return err
	})
	return id
}

// slip is a code that works, of somebody else.
func (c *cell) slip() string {
	admin := c.world.Administrator(c.t, access.School, c.world.Here.ID)
	actor, err := c.world.Accounts.Resolve(c.t.Context(), admin.Token)
	if err != nil {
		c.t.Fatal(err)
	}
	sheets, err := c.world.Slips.Print(access.WithActor(c.t.Context(), actor), slips.Order{Group: slips.Group{ClassID: c.fullClass()}})
	if err != nil {
		c.t.Fatal(err)
	}
	return sheets.Slips[0].Code
}

func (c *cell) pupilOf(class string) roster.Entry {
	return c.world.Entry(c.t, roster.NewEntry{Kind: roster.Student, Name: "韩梅梅", IDNumber: c.number(), SchoolID: c.world.Here.ID, ClassID: class})
}

// headedClass is the class whose class teacher the column "class" is.
func (c *cell) headedClass() string {
	if c.headed == "" {
		c.headed = c.class()
	}
	return c.headed
}

func (c *cell) account() string {
	p := c.world.Person(c.t, "student")
	c.world.Bind(c.t, p, c.entry(), roster.Student)
	return p.ID
}

// factor makes an account with a second factor.
func (c *cell) factor() string {
	id := c.account()
	c.world.InTx(c.t, func(tx *db.Tx) error {
		_, err := tx.Exec(c.t.Context(), `INSERT INTO authenticators (account_id, secret_sealed, last_step, created_at) VALUES ($1, $2, 0, $3)`,
			id, c.world.Vault.Seal("authenticator", "JBSWY3DPEHPK3PXP"), db.Now())
		return err
	})
	return id
}

// frozen is an account that its owner has frozen.
func (c *cell) frozen() string {
	id := c.account()
	texts := c.world.Texts(c.t, c.phoneOf(id))
	_, token, _ := strings.Cut(texts[0], "/n#")
	if a := roomtest.Do(c.t, c.app.server, "", http.MethodPost, "/api/v1/notice-links/freeze", object{"token": token}); a.Status != 200 {
		c.t.Fatal(a)
	}
	return id
}

func (c *cell) phoneOf(accountID string) string {
	phone, err := c.world.Accounts.PhoneOf(c.t.Context(), c.world.DB, accountID)
	if err != nil {
		c.t.Fatal(err)
	}
	return phone
}

func (c *cell) missing() object {
	return object{"kind": "missing_entry", "school_id": c.world.Here.ID, "entry_kind": "student", "id_type": "resident_id", "id_number": c.number(), "name": "李雷"}
}

func (c *cell) ticket() string {
	answer := roomtest.Do(c.t, c.app.server, c.world.Person(c.t, "student").Token, http.MethodPost, "/api/v1/me/tickets", c.missing())
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// transfer is a pupil's request to leave Here for the school of another city, whose administrators may answer it too.
func (c *cell) transfer() string {
	p := c.world.Person(c.t, "student")
	c.world.Bind(c.t, p, c.entry(), roster.Student)
	answer := roomtest.Do(c.t, c.app.server, p.Token, http.MethodPost, "/api/v1/me/transfers", object{"to_school_id": c.world.Elsewhere.ID, "reason": "搬家"})
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// look is somebody's request to see the numbers of a pupil of the school.
func (c *cell) look() string {
	asker := c.world.Administrator(c.t, access.Province, "510000")
	answer := roomtest.Do(c.t, c.app.server, asker.Token, http.MethodPost, "/api/v1/admin/registry/"+c.entry().ID+"/looks", object{"reason": "核对"})
	id, _ := answer.Get("id").(string)
	if id == "" {
		c.t.Fatal(answer)
	}
	return id
}

// lost is what a pupil of the school types who lost their account, with a code that came to their phone.
func (c *cell) lost(proof string) object {
	e, phone := c.entry(), c.phone()
	if _, err := c.app.db.Exec(c.t.Context(), `UPDATE recoveries SET address = ''`); err != nil { // all come from one
		c.t.Fatal(err)
	}
	c.world.Bind(c.t, c.world.Person(c.t, "student"), e, roster.Student)
	c.must(202, "POST", "/api/v1/sms-codes", object{"phone": phone, "purpose": "recover_account"})
	_, code := c.world.Text(c.t, phone, "recover_account")
	o := c.claim(e)
	o["phone"], o["sms_code"], o["proof"] = phone, code, proof
	return o
}

// must makes a request as nobody.
func (c *cell) must(status int, method, path string, body any) roomtest.Answer {
	a := roomtest.Do(c.t, c.app.server, "", method, path, body)
	if a.Status != status {
		c.t.Fatalf("%s %s: %v", method, path, a)
	}
	return a
}

func (c *cell) collecting() string {
	return c.must(201, "POST", "/api/v1/recoveries", c.lost("copies")).Get("tracking_number").(string)
}

// vouching is the id of a request that the school decides.
func (c *cell) vouching() string {
	return c.recovery(c.must(201, "POST", "/api/v1/recoveries", c.lost("school")).Get("tracking_number").(string))
}

// withCopies is the id of a request that customer service decides.
func (c *cell) withCopies() string {
	number := c.collecting()
	for _, name := range []recovery.Copy{recovery.IDCard, recovery.Certificate} {
		if _, err := c.app.recovery.Receive(c.t.Context(), number, name, strings.NewReader(paper)); err != nil {
			c.t.Fatal(err)
		}
	}
	if _, err := c.app.recovery.Submit(c.t.Context(), number); err != nil {
		c.t.Fatal(err)
	}
	return c.recovery(number)
}

func (c *cell) recovery(number string) (id string) {
	if err := c.app.db.QueryRow(c.t.Context(), `SELECT id FROM recoveries WHERE number_index = $1`, c.world.Vault.Index("recovery_number", number)).Scan(&id); err != nil {
		c.t.Fatal(err)
	}
	return id
}

const paper = "%PDF-1.4\n%%EOF\n"

func (c *cell) copy() form { return c.formWith("copy.pdf", []byte(paper), nil) }
func (c *cell) claim(e roster.Entry) object {
	number, err := c.app.roster.IDNumber(e)
	if err != nil {
		c.t.Fatal(err)
	}
	return object{"kind": e.Kind, "id_type": e.IDType, "id_number": number, "name": e.Name}
}

func (c *cell) cohort(more object) object {
	more["school_id"], more["stage"], more["entry_year"] = c.world.Here.ID, "junior", roster.SchoolYear(time.Now())-1
	return more
}

func (c *cell) csv() []byte {
	return []byte("姓名,身份证号\n林涛," + c.number() + "\n魏华,1\n")
}

func (c *cell) rosterImport() string {
	content := c.csv()
	result, err := c.app.roster.Import(c.t.Context(), roster.ImportSource{
		ReaderAt: bytes.NewReader(content), Size: int64(len(content)), Filename: "roster.csv", Kind: roster.Student, SchoolID: c.world.Here.ID,
	}, func(roster.Progress) {})
	if err != nil {
		c.t.Fatal(err)
	}
	return result.ID
}

// duplicate is a pair of entries of the school that may be one person.
func (c *cell) duplicate() string {
	id, first, second := db.NewID(), c.entry().ID, c.entry().ID
	c.world.InTx(c.t, func(tx *db.Tx) error {
		_, err := tx.Exec(c.t.Context(), `INSERT INTO duplicates (id, first_id, second_id, searched, why, dismissed_by, found_at) VALUES ($1, $2, $3, $4, 'number', '', 0)`,
			id, first, second, c.world.Here.ID)
		return err
	})
	return id
}

// form is a multipart body.
type form struct {
	contentType string
	content     []byte
}

func (c *cell) upload() form {
	return c.formWith("roster.csv", c.csv(), map[string]string{"kind": roster.Student, "school_id": c.world.Here.ID})
}

func (c *cell) formWith(filename string, bytesOfFile []byte, fields map[string]string) form {
	var content bytes.Buffer
	w := multipart.NewWriter(&content)
	file, err := w.CreateFormFile("file", filename)
	if err == nil {
		_, err = file.Write(bytesOfFile)
	}
	for name, value := range fields {
		if err == nil {
			err = w.WriteField(name, value)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return form{w.FormDataContentType(), content.Bytes()}
}

// actor makes somebody of a column.
func (c *cell) actor(role string) roomtest.Person {
	w := c.world
	switch role {
	case "anon":
		return roomtest.Person{}
	case "must":
		return w.Newcomer(c.t, "student")
	case "ready":
		return w.Person(c.t, "student")
	case "pupil", "teach":
		kind := map[string]string{"pupil": roster.Student, "teach": roster.Teacher}[role]
		p := w.Person(c.t, kind)
		w.Bind(c.t, p, c.entryOf(kind), kind)
		return p
	case "class":
		p, e, class := w.Person(c.t, roster.Teacher), c.entryOf(roster.Teacher), c.headedClass()
		w.Bind(c.t, p, e, roster.Teacher)
		w.InTx(c.t, func(tx *db.Tx) error {
			_, err := tx.Exec(c.t.Context(), `INSERT INTO class_teachers (class_id, entry_id, head) VALUES ($1, $2, true)`, class, e.ID)
			return err
		})
		return p
	case "parent":
		p := w.Person(c.t, "parent")
		w.Bind(c.t, p, c.entryOf(roster.Student), "parent")
		return p
	case "own":
		return w.Administrator(c.t, access.School, w.Here.ID)
	case "other":
		return w.Administrator(c.t, access.School, w.Nearby.ID)
	case "county":
		return w.Administrator(c.t, access.County, "510104")
	case "city":
		return w.Administrator(c.t, access.City, "510100")
	case "prov":
		return w.Administrator(c.t, access.Province, "510000")
	case "else":
		return w.Administrator(c.t, access.City, "510300")
	case "serv":
		return w.Administrator(c.t, access.Service, "510000")
	}
	c.t.Fatalf("no such column: %s", role)
	return roomtest.Person{}
}

func (c *cell) call(op server.Op, how request, role string) int {
	path := strings.Replace(op.Path, "{copy}", "id_card", 1)
	if begin, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}'); begin >= 0 {
		path = path[:begin] + how.target(c) + path[end+1:]
	}
	var body form
	if how.body != nil {
		content := how.body(c)
		multi, isForm := content.(form)
		if body = multi; !isForm {
			text, err := json.Marshal(content)
			if err != nil {
				c.t.Fatal(err)
			}
			body = form{"application/json", text}
		}
	}
	query := how.query
	if how.queryOf != nil {
		query = how.queryOf(c)
	}
	if how.number != nil {
		query = "?number=" + how.number(c)
	}
	r := httptest.NewRequestWithContext(context.Background(), op.Method, path+query, bytes.NewReader(body.content))
	if body.contentType != "" {
		r.Header.Set("Content-Type", body.contentType)
	}
	if how.origin != "" {
		r.Header.Set("Origin", how.origin)
		r.Host = strings.TrimPrefix(how.origin, "http://")
	}
	if p := c.actor(role); p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	recorded := httptest.NewRecorder()
	c.app.server.ServeHTTP(recorded, r)
	if recorded.Code >= 500 {
		c.t.Errorf("%s as %s: %d %s", op.ID, role, recorded.Code, recorded.Body)
	}
	return recorded.Code
}
