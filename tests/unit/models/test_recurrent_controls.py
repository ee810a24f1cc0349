"""LSTM and GRU against torch's own modules: copied weights, outputs and every gradient, float64."""

import torch
from torch import Tensor, nn

from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.gru import GRU
from icl_lab.models.mixers.lstm import LSTM
from tests.unit.models.mixer_oracles import assert_same_outputs_and_gradients, built
from tests.unit.models.toys import generator

D_MODEL = 16


def test_lstm_is_torchs_cell_token_by_token() -> None:
    ours, cell = built(LSTM()), nn.LSTMCell(D_MODEL, D_MODEL, device="meta").to_empty(device="cpu").double()
    out = nn.Linear(D_MODEL, D_MODEL, bias=False, device="meta").to_empty(device="cpu").double()

    def by_peer(x: Tensor) -> Tensor:
        states, outputs = None, []
        for token in x.unbind(1):
            states = cell(token, states)
            outputs.append(states[0])
        return out(torch.stack(outputs, dim=1))

    nn.init.zeros_(cell.bias_hh)
    pairs = [
        (ours.input_weight, cell.weight_ih),
        (ours.recurrent_weight, cell.weight_hh),
        (ours.bias, cell.bias_ih),
        (ours.to_out.weight, out.weight),
    ]
    assert_same_outputs_and_gradients(ours, by_peer, pairs)


def test_lstm_is_the_papers_equations() -> None:
    ours = built(LSTM())

    def by_hand(x: Tensor) -> Tensor:
        h, c, outputs = torch.zeros_like(x[:, 0]), torch.zeros_like(x[:, 0]), []
        for token in x.unbind(1):
            i, f, g, o = (token @ ours.input_weight.T + h @ ours.recurrent_weight.T + ours.bias).chunk(4, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h @ ours.to_out.weight.T)
        return torch.stack(outputs, dim=1)

    assert_same_outputs_and_gradients(ours, by_hand)


def test_gru_is_the_papers_equations() -> None:
    ours = built(GRU())

    def by_hand(x: Tensor) -> Tensor:
        h, outputs = torch.zeros_like(x[:, 0]), []
        for token in x.unbind(1):
            from_x = (token @ ours.input_weight.T + ours.bias).chunk(3, dim=-1)
            from_h = (h @ ours.recurrent_weight.T).chunk(3, dim=-1)
            r, z = ((a + b).sigmoid() for a, b in zip(from_x[:2], from_h[:2], strict=True))
            h = z * h + (1 - z) * torch.tanh(from_x[2] + r * (from_h[2] + ours.reset_bias))
            outputs.append(h @ ours.to_out.weight.T)
        return torch.stack(outputs, dim=1)

    assert_same_outputs_and_gradients(ours, by_hand)


def test_gru_is_torchs_module() -> None:
    ours, peer = built(GRU()), nn.GRU(D_MODEL, D_MODEL, batch_first=True, device="meta").to_empty(device="cpu").double()
    nn.init.zeros_(peer.bias_hh_l0)
    with torch.no_grad():
        peer.bias_hh_l0[2 * D_MODEL :] = ours.reset_bias
    pairs = [
        (ours.input_weight, peer.weight_ih_l0),
        (ours.recurrent_weight, peer.weight_hh_l0),
        (ours.bias, peer.bias_ih_l0),
    ]
    assert_same_outputs_and_gradients(ours, lambda x: ours.to_out(peer(x)[0]), pairs)


def test_forget_gates_are_open_at_the_start() -> None:
    mixer = LSTM().build(Site(D_MODEL, 4, generator()))
    # Gates lie as torch's: input, forget, cell, output.
    assert mixer.bias.view(4, D_MODEL).mean(1).tolist() == [0.0, 1.0, 0.0, 0.0]
