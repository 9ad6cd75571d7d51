ui-chain-link = 다음 이벤트의 이전 해시
ui-chain-previous = 이전
ui-chain-hash = 해시
ui-chain-compute = 이 브라우저에서 계산
ui-chain-same = 일치합니다. 아래 바이트의 SHA-256:
ui-chain-other = 일치하지 않습니다. 아래 바이트의 SHA-256:
ui-chain-bytes = 해시 대상 바이트
ui-chain-bytes-how = 16진수입니다. 각 필드는 4바이트 길이 뒤에 UTF-8 텍스트로 이어지며, 순서는 이벤트 참조 문서에 있습니다.
