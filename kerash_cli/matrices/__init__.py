"""Operations on matrices and tensors."""
