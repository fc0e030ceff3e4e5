package simulator

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"caotang/internal/sms/tencent"
)

// taken is a message that one of the HTTP services took.
type taken struct {
	carrier, phone, state string
	reported              bool // whether the service tells what became of it
	at                    time.Time
}

// handler serves both HTTP services on one address, told apart by their headers, and the simulator's own operations: PUT
// /behaviour with the JSON of a Behaviour, and GET /arrived?phone= for the texts that reached a phone, the oldest first.
func (s *Simulator) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /behaviour", func(w http.ResponseWriter, r *http.Request) {
		var b Behaviour
		decoder := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&b); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.Behave(func(now *Behaviour) { *now = b })
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /arrived", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, s.Arrived(r.URL.Query().Get("phone")))
	})
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		switch {
		case r.Header.Get("X-Acs-Action") != "":
			s.aliyun(w, r, body)
		case r.Header.Get("X-Tc-Action") != "":
			s.tencent(w, r, body)
		default:
			http.NotFound(w, r)
		}
	})
	return mux
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a customer who is gone hears nothing
}

// send is what both services do with a message: the code to refuse it by, or the reference of the one taken.
func (s *Simulator) send(r *http.Request, carrier, phone, text string, codes refusals) (reference, code string) {
	v := s.judge(phone)
	if v.Delay > 0 {
		timer := time.NewTimer(v.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case v.drop:
		panic(http.ErrAbortHandler) // cuts the connection
	case v.Throttle:
		return "", codes.throttled
	case v.Limit[phone]:
		return "", codes.limited
	case v.refused && v.code != "":
		return "", v.code
	case v.refused:
		return "", codes.refused
	}
	reference = carrier + "-" + strconv.FormatUint(s.newID(), 10)
	s.mu.Lock()
	s.taken[reference] = &taken{carrier: carrier, phone: phone, state: v.state, reported: !v.LoseReports, at: time.Now()}
	s.mu.Unlock()
	if v.state == "DELIVRD" {
		s.arrive(carrier, phone, text)
	}
	return reference, ""
}

// refusals are a service's words for the same things.
type refusals struct{ throttled, limited, refused string }

var (
	aliyunCodes  = refusals{"Throttling.User", "isv.BUSINESS_LIMIT_CONTROL", "isv.MOBILE_NUMBER_ILLEGAL"}
	tencentCodes = refusals{"RequestLimitExceeded", "LimitExceeded.PhoneNumberOneHourLimit", "InvalidParameterValue.IncorrectPhoneNumber"}
)

func (s *Simulator) aliyun(w http.ResponseWriter, r *http.Request, body []byte) {
	type status struct{ Code, Message, RequestID string }
	if code := s.checkAliyun(r, body); code != "" {
		answer(w, http.StatusBadRequest, status{Code: code, Message: "Specified signature is not matched with our calculation."})
		return
	}
	q := r.URL.Query()
	switch r.Header.Get("X-Acs-Action") {
	case "SendSms":
		var params map[string]string
		err := json.Unmarshal([]byte(q.Get("TemplateParam")), &params)
		text, known := s.template(q.Get("TemplateCode"), slices.Sorted(maps.Values(params)))
		if !known || err != nil {
			answer(w, http.StatusOK, status{Code: "isv.SMS_TEMPLATE_ILLEGAL", Message: "模板不合法"})
			return
		}
		for name, value := range params {
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
		reference, code := s.send(r, "aliyun", q.Get("PhoneNumbers"), "【"+q.Get("SignName")+"】"+text, aliyunCodes)
		if code != "" {
			answer(w, http.StatusOK, status{Code: code, Message: "触发小时级流控Permits:5"})
			return
		}
		answer(w, http.StatusOK, map[string]string{"Code": "OK", "Message": "OK", "BizId": reference, "RequestId": "simulated"})
	case "QuerySendDetails":
		s.mu.Lock()
		defer s.mu.Unlock()
		details := []map[string]any{}
		if m := s.taken[q.Get("BizId")]; m != nil && m.phone == q.Get("PhoneNumber") {
			state := 1
			switch {
			case m.reported && m.state == "DELIVRD":
				state = 3
			case m.reported:
				state = 2
			}
			details = append(details, map[string]any{"PhoneNum": m.phone, "SendStatus": state, "ErrCode": m.state})
		}
		answer(w, http.StatusOK, map[string]any{"Code": "OK", "TotalCount": len(details), "SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": details}})
	default:
		answer(w, http.StatusBadRequest, status{Code: "InvalidAction.NotFound"})
	}
}

const clockTolerance = 5 * time.Minute

// checkAliyun answers the code of what is wrong with a request's signature.
func (s *Simulator) checkAliyun(r *http.Request, body []byte) (code string) {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+s.config.Aliyun.ID+",") {
		return "InvalidAccessKeyId.NotFound"
	}
	sum := sha256.Sum256(body)
	if r.Header.Get("X-Acs-Content-Sha256") != hex.EncodeToString(sum[:]) || !same(r.Header.Get("Authorization"), s.config.Aliyun.Authorization(r)) {
		return "SignatureDoesNotMatch"
	}
	date, err := time.Parse(time.RFC3339, r.Header.Get("X-Acs-Date"))
	if err != nil || time.Since(date).Abs() > clockTolerance {
		return "InvalidTimeStamp.Expired"
	}
	nonce := r.Header.Get("X-Acs-Signature-Nonce")
	s.mu.Lock()
	defer s.mu.Unlock()
	if nonce == "" || s.nonces[nonce] {
		return "SignatureNonceUsed"
	}
	s.nonces[nonce] = true
	return ""
}

func (s *Simulator) tencent(w http.ResponseWriter, r *http.Request, body []byte) {
	refuse := func(code string) {
		answer(w, http.StatusOK, map[string]any{"Response": map[string]any{"Error": map[string]string{"Code": code, "Message": "simulated"}}})
	}
	if code := s.checkTencent(r, body); code != "" {
		refuse(code)
		return
	}
	var in struct {
		PhoneNumberSet   []string
		TemplateID       string
		SignName         string
		TemplateParamSet []string
		PhoneNumber      string
		BeginTime        int64
	}
	if json.Unmarshal(body, &in) != nil {
		refuse("InvalidParameter")
		return
	}
	switch r.Header.Get("X-Tc-Action") {
	case "SendSms":
		if len(in.PhoneNumberSet) != 1 {
			refuse("MissingParameter.EmptyPhoneNumberSet")
			return
		}
		phone := strings.TrimPrefix(in.PhoneNumberSet[0], "+86")
		status := map[string]string{"PhoneNumber": in.PhoneNumberSet[0], "Code": "Ok", "Message": "send success"}
		if text, known := s.template(in.TemplateID, in.TemplateParamSet); known {
			for i, value := range in.TemplateParamSet {
				text = strings.ReplaceAll(text, "{"+strconv.Itoa(i+1)+"}", value)
			}
			reference, code := s.send(r, "tencent", phone, "【"+in.SignName+"】"+text, tencentCodes)
			if code == tencentCodes.throttled {
				refuse(code)
				return
			}
			if status["SerialNo"] = reference; code != "" {
				status["Code"], status["Message"] = code, "simulated"
			}
		} else {
			status["Code"] = "FailedOperation.TemplateIncorrectOrUnapproved"
		}
		answer(w, http.StatusOK, map[string]any{"Response": map[string]any{"SendStatusSet": []any{status}}})
	case "PullSmsSendStatusByPhoneNumber":
		s.mu.Lock()
		defer s.mu.Unlock()
		statuses := []map[string]string{}
		for reference, m := range s.taken {
			if m.carrier != "tencent" || "+86"+m.phone != in.PhoneNumber || !m.reported || m.at.Unix() < in.BeginTime {
				continue
			}
			result := "FAIL"
			if m.state == "DELIVRD" {
				result = "SUCCESS"
			}
			statuses = append(statuses, map[string]string{"SerialNo": reference, "ReportStatus": result, "Description": m.state})
		}
		answer(w, http.StatusOK, map[string]any{"Response": map[string]any{"PullSmsSendStatusSet": statuses}})
	default:
		refuse("InvalidAction")
	}
}

// checkTencent answers the code of what is wrong with a request's signature.
func (s *Simulator) checkTencent(r *http.Request, body []byte) (code string) {
	authorization := r.Header.Get("Authorization")
	if !strings.Contains(authorization, "Credential="+s.config.Tencent.ID+"/") {
		return "AuthFailure.SecretIdNotFound"
	}
	_, rest, _ := strings.Cut(authorization, "SignedHeaders=")
	signed, _, _ := strings.Cut(rest, ",")
	headers := strings.Split(signed, ";")
	if !strings.Contains(signed, "content-type") || !strings.Contains(signed, "host") ||
		!same(authorization, s.config.Tencent.Authorization(tencent.Service, r, body, headers...)) {
		return "AuthFailure.SignatureFailure"
	}
	seconds, err := strconv.ParseInt(r.Header.Get("X-Tc-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > clockTolerance {
		return "AuthFailure.SignatureExpire"
	}
	return ""
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
