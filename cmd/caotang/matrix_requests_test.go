package main

import (
	"fmt"
	"time"

	"caotang/internal/access"
	"caotang/internal/roomtest"
)

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

func here(c *cell) string { return c.world.Here.ID }

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
	"list-my-recoveries":      {},
	"deny-my-recoveries":      {body: ownPassword},
	"read-notice":             {body: func(*cell) any { return object{"token": "unknown"} }},
	"freeze-account":          {body: func(*cell) any { return object{"token": "unknown"} }},
	"object-to-notice":        {body: func(*cell) any { return object{"token": "unknown"} }},
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
	"ask-again":             {target: (*cell).ticket, body: func(c *cell) any { return object{"school_id": c.world.Here.ID} }},
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
	"count-consents":      {target: (*cell).headedClass},
	"remind-consents":     {target: (*cell).headedClass},
	"list-class-consents": {target: (*cell).headedClass},
	"list-pupil-consents": {target: (*cell).headedClass, queryOf: func(c *cell) string { return "?entry_id=" + c.pupilOf(c.headedClass()).ID }},
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

	"request-transfer":            {body: func(c *cell) any { return object{"to_school_id": c.world.Elsewhere.ID, "reason": "搬家"} }},
	"list-my-transfers":           {},
	"cancel-my-transfer":          {target: (*cell).transfer},
	"list-my-childrens-transfers": {},
	"object-to-transfer":          {target: (*cell).transfer, body: reason},
	"agree-to-transfer":           {target: (*cell).transfer},
	"list-transfers":              {},
	"get-transfer":                {target: (*cell).transfer},
	"approve-transfer":            {target: (*cell).transfer},
	"reject-transfer":             {target: (*cell).transfer, body: reason},
	"approve-transfers":           {body: func(c *cell) any { return object{"ids": []string{c.transfer()}} }},

	"get-overview":     {},
	"list-audit":       {},
	"take-yearly-pack": {body: func(*cell) any { return object{"year": time.Now().Year()} }},
	"export-audit":     {body: func(*cell) any { return object{} }},
	"list-tickets":     {},
	"get-ticket":       {target: (*cell).ticket},
	"reveal-ticket":    {target: (*cell).ticket, body: reason},
	"find":             {body: func(*cell) any { return object{"text": roomtest.IDNumber(1)} }},
	"list-requests":    {query: "?view=open"},
	"count-requests":   {},
	"take-ticket":      {target: (*cell).ticket},
	"tell-asker":       {target: (*cell).ticket, body: func(*cell) any { return object{"words": "已转告学校"} }},
	"hand-on-ticket":   {target: (*cell).ticket, body: reason},
	"release-ticket":   {target: (*cell).ticket},
	"complete-ticket":  {target: (*cell).ticket, body: func(*cell) any { return object{} }},
	"decline-ticket":   {target: (*cell).ticket, body: reason},

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
	"dismiss-rejected-rows":    {target: (*cell).rosterImport},
	"undo-import":              {target: (*cell).rosterImport, query: "?dry_run=true"},
	"download-kept-entries":    {target: (*cell).rosterImport},
	"export-registry":          {body: func(*cell) any { return object{} }},
	"download-roster-template": {},

	"create-school": {body: func(c *cell) any {
		return object{"code": fmt.Sprintf("31510%05d", c.next()), "name": "新校", "region": "510104"}
	}},
	"delete-school": {target: (*cell).emptySchool, query: "?code=" + emptyCode},
	"change-school": {target: func(c *cell) string { return c.world.Here.ID }, body: func(*cell) any { return object{"name": "草堂中学"} }},

	"list-classes":               {},
	"create-class":               {body: func(c *cell) any { return c.cohort(object{"number": c.classNumber()}) }},
	"create-classes":             {body: func(c *cell) any { return c.cohort(object{"count": 1}) }},
	"change-class":               {target: (*cell).class, body: func(*cell) any { return object{"name": "火箭班"} }},
	"delete-class":               {target: (*cell).class},
	"list-class-teacher-history": {target: (*cell).class},
	"list-class-teachers":        {target: (*cell).class},
	"list-school-years":          {},
	"count-school-years":         {},
	"get-school-year":            {target: here},
	"plan-school-year":           {target: here, body: func(*cell) any { return object{"year": 2020, "leave_out": []string{}, "new": []object{}} }},
	"withdraw-school-year":       {target: here, query: "?year=2020"},
	"take-back-school-year":      {target: here, query: "?year=2020"},
	"preview-move":               {body: func(c *cell) any { body := c.together().(object); delete(body, "confirmed"); return body }},
	"move-together":              {body: (*cell).together},
	"list-moves":                 {},
	"get-move":                   {target: (*cell).move},
	"list-moved-people":          {target: (*cell).move},
	"preview-merger":             {target: here, queryOf: func(c *cell) string { return "?into=" + c.world.Nearby.ID }},
	"merge-school":               {target: here, body: func(c *cell) any { return object{"into": c.world.Nearby.ID, "code": "0", "administrators": "end"} }},
	"put-pupils-into-class":      {target: (*cell).class, body: func(c *cell) any { return object{"entry_ids": []string{c.entry().ID}} }},
	"set-class-teachers":         {target: (*cell).class, body: func(*cell) any { return object{"teacher_ids": []string{}} }},
}
